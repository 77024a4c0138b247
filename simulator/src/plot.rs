//! Pictures of runs.

use std::io;

use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    ChartBuilder, IntoDrawingArea, LineSeries, PathElement, RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};

/// A page is about as wide, in pixels.
const SIZE: (u32, u32) = (800, 300);

/// Half as many as pixels: what lies between them would not be seen.
const POINTS: usize = 400;

/// Okabe and Ito's colours, which those see apart who see fewer: black, blue, orange, green.
const COLOURS: [RGBColor; 4] =
    [RGBColor(120, 120, 120), RGBColor(0, 114, 178), RGBColor(230, 159, 0), RGBColor(0, 158, 115)];

/// Why there is no picture.
pub type Unplottable = DrawingAreaErrorKind<io::Error>;

/// A line of a picture: what it is, and the servers of each second.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) servers: &'a [u32],
}

/// Up to four lines over time, as SVG.
///
/// # Errors
/// When the picture is too small for what is in it.
pub(crate) fn servers_over_time(lines: &[Line]) -> Result<String, Unplottable> {
    let mut svg = String::new();
    let seconds = lines.iter().map(|line| line.servers.len()).max().unwrap_or(1);
    let most = lines.iter().flat_map(|line| line.servers).max().copied().unwrap_or(0);
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(44)
            .build_cartesian_2d(0.0..minutes(seconds), 0..most + 1)?;
        chart.configure_mesh().disable_x_mesh().x_desc("minutes").y_desc("servers").draw()?;
        for (line, colour) in lines.iter().zip(COLOURS) {
            let step = line.servers.len().div_ceil(POINTS).max(1);
            let points = line.servers.iter().enumerate().step_by(step);
            let points = points.map(|(second, servers)| (minutes(second), *servers));
            chart
                .draw_series(LineSeries::new(points, colour))?
                .label(line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE)
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

#[expect(clippy::cast_precision_loss, reason = "a week of seconds at most")]
fn minutes(seconds: usize) -> f64 {
    seconds as f64 / 60.0
}
