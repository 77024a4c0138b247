//! Bare sockets: what the kernel alone asks for frames that are written to many connections. No server can cost less
//! that writes as many a call.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::host::local;

/// What is written to whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where connections are taken.
    #[arg(long)]
    pub port: u16,
    /// How many there have to be before anything is written; one counts when it has sent a byte.
    #[arg(long)]
    pub connections: u32,
    /// Bytes of a frame.
    #[arg(long)]
    pub bytes: usize,
    /// Frames that each write(2) has.
    #[arg(long)]
    pub frames: u32,
    /// Frames a second to all connections together; without it as many as go.
    #[arg(long)]
    pub rate: Option<f64>,
}

/// Writes to one connection after the other, as a room of them gets a message, until one goes away.
///
/// # Errors
/// When nobody can connect there.
pub fn serve(args: &Args) -> io::Result<()> {
    let listener = TcpListener::bind(local(args.port))?;
    let mut connections: Vec<TcpStream> = Vec::new();
    while connections.len() < args.connections as usize {
        let (mut stream, _) = listener.accept()?;
        // Who only looks whether somebody listens says nothing.
        if stream.read(&mut [0]).is_ok_and(|read| read == 1) {
            stream.set_nodelay(true)?;
            connections.push(stream);
        }
    }
    let frames = vec![b'.'; args.bytes * args.frames as usize];
    let begin = Instant::now();
    for round in 0.. {
        if let Some(rate) = args.rate {
            let due = due(round, args.connections * args.frames, rate);
            thread::sleep(due.saturating_sub(begin.elapsed()));
        }
        for connection in &mut connections {
            if connection.write_all(&frames).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// When a round of so many frames is due, for so many frames a second.
///
/// ```
/// use std::time::Duration;
/// use hubbub_bench::sockets::due;
/// // 1,000 connections at 20,000 frames a second: 20 rounds a second.
/// assert_eq!(due(3, 1_000, 20_000.0), Duration::from_millis(150));
/// ```
pub fn due(round: u32, frames: u32, rate: f64) -> Duration {
    Duration::from_secs_f64(f64::from(round) * f64::from(frames) / rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::free_port;

    #[test]
    fn every_connection_that_spoke_gets_whole_frames_and_it_ends_with_them() {
        let port = free_port("sockets").unwrap();
        let args = Args { port, connections: 2, bytes: 100, frames: 8, rate: Some(16_000.0) };
        let server = thread::spawn(move || serve(&args));
        let connect = || {
            loop {
                if let Ok(stream) = TcpStream::connect(local(port)) {
                    return stream;
                }
                thread::yield_now();
            }
        };
        drop(connect());
        let mut members = [connect(), connect()];
        for member in &mut members {
            member.write_all(b"!").unwrap();
        }
        for member in &mut members {
            member.read_exact(&mut [0; 3 * 8 * 100]).unwrap();
        }
        drop(members);
        server.join().unwrap().unwrap();
    }
}
