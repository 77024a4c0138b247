//! Plots of a report, as SVG: cost against rate, latency by percentiles, cost as there is more of everything. Pure.

use std::io;

use plotters::{
    coord::{
        Shift,
        ranged1d::{AsRangedCoord, ValueFormatter},
    },
    drawing::DrawingAreaErrorKind,
    prelude::{
        ChartBuilder, Circle, Color, DrawingArea, IntoDrawingArea, IntoLogRange, LineSeries, PathElement,
        RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
    },
};

use crate::{
    report::{MEMORY, REDIS, Report},
    table::number,
};

/// A page is about as wide, in pixels.
const WIDTH: u32 = 800;
const HEIGHT: u32 = 340;

/// Okabe and Ito's colours, which those see apart who see fewer; ours are the first.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(120, 200, 60),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
];

/// Why there is no plot.
pub type Unplottable = DrawingAreaErrorKind<io::Error>;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Of the file, without `.svg`.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The file's text.
    pub svg: String,
}

/// Those that there are figures for.
///
/// # Errors
/// When a plot is too small for what is in it.
pub fn pictures(report: &Report) -> Result<Vec<Picture>, Unplottable> {
    let by_rate =
        [("hall", "Hall"), ("tables", "Tables")].map(|(scenario, title)| by_rate(report, scenario, title));
    let latency =
        [("hall", "Hall"), ("tables", "Tables")].map(|(scenario, title)| latency(report, scenario, title));
    let growth = GROWTH.map(|growth| growing(report, growth));
    let mut pictures = Vec::new();
    for (name, title, columns, panels) in [
        ("cost-by-rate", "What a delivery costs by how many there are a second", 1, by_rate.to_vec()),
        ("latency", "Latency at half of the own highest rate", 1, latency.to_vec()),
        ("growth", "What a delivery costs as there is more of everything", 2, growth.to_vec()),
    ] {
        let panels: Vec<_> = panels.into_iter().filter(|panel| !panel.lines.is_empty()).collect();
        if !panels.is_empty() {
            pictures.push(Picture { name, title, svg: drawn(&panels, columns)? });
        }
    }
    Ok(pictures)
}

#[derive(Debug, Clone, Copy)]
enum Scales {
    /// Both logarithmic.
    Logarithmic,
    /// A column for each of [`PERCENTILES`], and logarithmic values.
    Percentiles,
    /// Both from 0 on.
    FromZero,
}

#[derive(Debug, Clone)]
struct Line {
    name: String,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

#[derive(Debug, Clone)]
struct Panel {
    title: String,
    x: &'static str,
    y: &'static str,
    scales: Scales,
    lines: Vec<Line>,
}

/// A line for each contender that has points.
fn of_contenders(report: &Report, points: impl Fn(&str) -> Vec<(f64, f64)>) -> Vec<Line> {
    let contenders = report.contenders().into_iter().zip(COLOURS.into_iter().cycle());
    let lines = contenders.map(|(name, colour)| Line { name: name.to_owned(), colour, points: points(name) });
    lines.filter(|line| !line.points.is_empty()).collect()
}

fn by_rate(report: &Report, scenario: &str, title: &str) -> Panel {
    let name = format!("{scenario}.cpuAtRate");
    Panel {
        title: format!("{title}: cost by rate"),
        x: "deliveries a second",
        y: "CPU-s for a million",
        scales: Scales::Logarithmic,
        lines: of_contenders(report, |contender| report.curve(contender, &name)),
    }
}

/// Figures, and what they are called.
const PERCENTILES: [(&str, &str); 4] =
    [("p50Ms", "p50"), ("p90Ms", "p90"), ("p99Ms", "p99"), ("p999Ms", "p99.9")];

fn latency(report: &Report, scenario: &str, title: &str) -> Panel {
    let points = |contender: &str| {
        let value = |name: &str| Some(report.figure(contender, &format!("{scenario}.{name}AtHalf"))?.median);
        let values =
            (0_u8..).zip(PERCENTILES).filter_map(|(x, (name, _))| Some((f64::from(x), value(name)?)));
        values.collect()
    };
    Panel {
        title: format!("{title}: latency at half of the own highest rate"),
        x: "percentile of deliveries",
        y: "ms after it was due",
        scales: Scales::Percentiles,
        lines: of_contenders(report, points),
    }
}

/// Whose curve, its figure, and what is on the axes.
type Growth = (&'static str, &'static str, &'static str, &'static str);

const GROWTH: [Growth; 6] = [
    (MEMORY, "growth.cpuByRooms", "rooms of 10", "CPU-s for a million"),
    (MEMORY, "growth.cpuByIdle", "idle connections beside", "CPU-s for a million"),
    (MEMORY, "growth.cpuByMembers", "members of one room", "CPU-s for a million"),
    (REDIS, "growth.cpuByServers", "servers of one room", "CPU-s for a million"),
    (REDIS, "growth.redisMicrosByServers", "servers of one room", "Redis: CPU us a message"),
    (REDIS, "growth.redisBytesOutByServers", "servers of one room", "Redis: bytes out a message"),
];

fn growing(report: &Report, (contender, name, x, y): Growth) -> Panel {
    let points = report.curve(contender, name);
    let line = Line { name: contender.to_owned(), colour: COLOURS[1], points };
    let lines = if line.points.is_empty() { Vec::new() } else { vec![line] };
    Panel { title: format!("{contender}: by {x}"), x, y, scales: Scales::FromZero, lines }
}

fn drawn(panels: &[Panel], columns: usize) -> Result<String, Unplottable> {
    let rows = panels.len().div_ceil(columns);
    let mut svg = String::new();
    {
        let height = HEIGHT * u32::try_from(rows).unwrap_or(1);
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        for (area, panel) in area.split_evenly((rows, columns)).iter().zip(panels) {
            let points = || panel.lines.iter().flat_map(|line| line.points.iter().copied());
            let (x, y) = (Range::of(points().map(|it| it.0)), Range::of(points().map(|it| it.1)));
            match panel.scales {
                // Room on the right for who is who.
                Scales::Logarithmic => {
                    draw(
                        area,
                        panel,
                        (x.least / 1.2..x.greatest * 6.0).log_scale(),
                        y.decades().log_scale(),
                    )?;
                }
                Scales::Percentiles => {
                    draw(area, panel, -0.2..4.6, y.decades().log_scale())?;
                }
                Scales::FromZero => draw(area, panel, 0.0..x.greatest * 1.05, 0.0..y.greatest * 1.25)?,
            }
        }
        area.present()?;
    }
    Ok(svg)
}

/// Between what the values of an axis lie.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    least: f64,
    greatest: f64,
}

/// A logarithm has no zero: below a thousandth nothing is measured.
const LEAST: f64 = 1e-3;

impl Range {
    /// The whole powers of ten around it, so that there are lines to read values off.
    fn decades(self) -> std::ops::Range<f64> {
        10_f64.powf(self.least.log10().floor())..10_f64.powf((self.greatest * 1.01).log10().ceil())
    }

    fn of(values: impl Iterator<Item = f64>) -> Self {
        let begin = Self { least: f64::INFINITY, greatest: LEAST };
        let range = values.fold(begin, |range, value| Self {
            least: range.least.min(value.max(LEAST)),
            greatest: range.greatest.max(value),
        });
        Self { least: range.least.min(range.greatest), ..range }
    }
}

fn draw<X, Y>(area: &DrawingArea<SVGBackend, Shift>, panel: &Panel, x: X, y: Y) -> Result<(), Unplottable>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(&panel.title, ("sans-serif", 15))
        .x_label_area_size(38)
        .y_label_area_size(58)
        .build_cartesian_2d(x, y)?;
    let percentiles = matches!(panel.scales, Scales::Percentiles);
    let label = |value: &f64| if percentiles { percentile(*value) } else { axis(*value) };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(9)
        .x_label_formatter(&label)
        .y_label_formatter(&|value| axis(*value))
        .x_desc(panel.x)
        .y_desc(panel.y)
        .draw()?;
    for Line { name, colour, points } in &panel.lines {
        let colour = *colour;
        let points = || points.iter().map(|(x, y)| (*x, y.max(LEAST)));
        chart
            .draw_series(LineSeries::new(points(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    // One line is what the title says.
    if panel.lines.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE)
            .draw()?;
    }
    Ok(())
}

/// What stands at an axis: whole numbers as they are, as long as they are short.
fn axis(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9_995.0 { value.to_string() } else { number(value) }
}

/// What stands below a column; between columns nothing does.
fn percentile(x: f64) -> String {
    let near = (0_u8..).zip(PERCENTILES).find(|(index, _)| (f64::from(*index) - x).abs() < 0.01);
    near.map(|(_, (_, title))| title.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report_of;

    #[test]
    fn there_is_a_picture_of_what_was_measured_with_who_it_is_of() {
        let report = report_of(&[
            (MEMORY, "hall.cpuAtRate.60000", 8.0),
            (MEMORY, "hall.cpuAtRate.240000", 3.0),
            ("NATS", "hall.cpuAtRate.60000", 9.0),
        ]);
        let pictures = pictures(&report).unwrap();
        assert_eq!(pictures.iter().map(|it| it.name).collect::<Vec<_>>(), ["cost-by-rate"]);
        for words in [MEMORY, "NATS", "deliveries a second", "CPU-s for a million"] {
            assert!(pictures[0].svg.contains(words), "{words}");
        }
        assert!(!pictures[0].svg.contains("Tables"));
    }

    #[test]
    fn percentiles_stand_below_their_columns_alone() {
        assert_eq!([0.0, 0.5, 2.0, 3.0, 4.0].map(percentile), ["p50", "", "p99", "p99.9", ""]);
    }

    #[test]
    fn axes_have_short_numbers_and_whole_decades() {
        assert_eq!([2.0, 0.5, 20_000.0].map(axis), ["2", "0.500", "20.0 k"]);
        let decades = Range { least: 2.5, greatest: 40.0 }.decades();
        assert!((decades.start - 1.0).abs() < 1e-9 && (decades.end - 100.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_measured_is_no_picture() {
        assert_eq!(pictures(&report_of(&[])).unwrap(), []);
        assert_eq!(Range::of([0.0, 0.0].into_iter()), Range { least: LEAST, greatest: LEAST });
    }
}
