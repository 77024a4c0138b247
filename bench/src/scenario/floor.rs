//! The floor: what frames of the hall's size cost that are written to bare sockets on the servers' core.

use std::{
    cell::{Cell, RefCell},
    io::ErrorKind,
    rc::Rc,
    time::Duration,
};

use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet, time::Instant};

use super::{FIXED_RATE, Failure, Figures, Plan};
use crate::{
    host::{Process, Site, Unavailable, free_port, local},
    report::floor_figure,
};

/// What a member of Hubbub's hall reads for a message of 128 bytes: figure `hall.bytesAtMost`.
const FRAME_BYTES: usize = 340;

/// Frames of a write(2), and how many are written a second; none: as many as go.
const WRITES: [(u32, Option<f64>); 4] = [(1, Some(FIXED_RATE)), (8, None), (32, None), (128, None)];

/// One read takes as much.
const READ_BYTES: usize = 256 * 1024;

/// Until then buffers are filled, and pages are there.
const WARM: Duration = Duration::from_millis(100);

/// CPU seconds of the writer for a million frames, by frames a write.
pub(super) async fn run(site: &Site, plan: &Plan) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    for (frames, rate) in WRITES {
        let length = if rate.is_some() { plan.fixed } else { plan.trial };
        let cost = cost(site, plan.floor, (frames, rate), length).await?;
        figures.insert(floor_figure(frames), cost);
    }
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "2^52 bytes are not written in a trial")]
async fn cost(
    site: &Site,
    connections: usize,
    (frames, rate): (u32, Option<f64>),
    length: Duration,
) -> Result<f64, Failure> {
    let port = free_port("bare sockets")?;
    let not_found = |error: std::io::Error| Unavailable::NotStarted {
        program: "bare sockets".to_owned(),
        why: error.to_string(),
    };
    let own = std::env::current_exe().map_err(not_found)?;
    let rate = rate.map(|rate| format!(" --rate {rate}")).unwrap_or_default();
    let arguments = format!(
        "sockets --port {port} --connections {connections} --bytes {FRAME_BYTES} --frames {frames}{rate}"
    );
    let arguments = arguments.split(' ').map(ToOwned::to_owned).collect();
    let mut process = Process::start(site, &own.to_string_lossy(), |_| Ok(arguments))?;
    process.listens(local(port)).await?;

    let read = Rc::new(Cell::new(0_u64));
    // All have one buffer, as the members of a fleet have.
    let scratch = Rc::new(RefCell::new(vec![0; READ_BYTES]));
    let mut readers = JoinSet::new();
    for _ in 0..connections {
        let mut stream = TcpStream::connect(local(port)).await.map_err(not_found)?;
        stream.write_all(b"!").await.map_err(not_found)?;
        readers.spawn_local(drain(stream, Rc::clone(&scratch), Rc::clone(&read)));
    }
    tokio::time::sleep(WARM).await;
    let (cpu, before, begin) = (process.cost().cpu, read.get(), Instant::now());
    tokio::time::sleep_until(begin + length).await;
    let (cpu, bytes) = (process.cost().cpu.saturating_sub(cpu), read.get() - before);
    Ok(cpu.as_secs_f64() * 1e6 * FRAME_BYTES as f64 / bytes.max(1) as f64)
}

/// Reads until the other side goes.
async fn drain(stream: TcpStream, scratch: Rc<RefCell<Vec<u8>>>, read: Rc<Cell<u64>>) {
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut scratch.borrow_mut()) {
            Ok(0) => return,
            Ok(bytes) => read.update(|sum| sum + bytes as u64),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
