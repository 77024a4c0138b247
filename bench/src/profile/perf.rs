//! `perf` beside a process: samples of what it does, and counts of its system calls. What perf prints is parsed here.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::sleep,
};

/// Samples a second of CPU time. No divisor of anything that happens at even distances.
const FREQUENCY: &str = "2999";

/// A timer, since machines in a cloud have no counters of cycles. Each sample stands for as much time as any other.
const CLOCK: &str = "cpu-clock";

/// By then perf is beside all threads of a process.
const ATTACHES: Duration = Duration::from_millis(500);

/// Addresses of Linux on x86-64 and arm64 begin here.
const KERNEL: u64 = 0xffff_0000_0000_0000;

/// What perf calls a function that it has no name for.
const NAMELESS: &str = "[unknown]";

/// The file of the program that is looked at.
const SERVER: &str = "chat-server";

/// Why there is nothing from perf.
#[derive(Debug, thiserror::Error)]
pub enum PerfError {
    /// It is not there.
    #[error("perf can't be started: install Debian's linux-perf ({0})")]
    Missing(io::Error),
    /// It may not look at other processes, or at what Linux does for them.
    #[error(
        "perf may not look at chat-server: be root, or `sysctl kernel.perf_event_paranoid=-1`. It says: {0}"
    )]
    Forbidden(String),
    /// It ended before its time.
    #[error("perf failed: {0}")]
    Failed(String),
    /// Nothing was seen.
    #[error("perf saw nothing: the server did nothing in that time, or the trial was too short (--seconds)")]
    NoSamples,
    /// Functions of the kernel have no names.
    #[error("the kernel's functions have no names: be root, or `sysctl kernel.kptr_restrict=0`")]
    NamelessKernel,
    /// Functions of the server have no names.
    #[error("chat-server's functions have no names: build it with `cargo build --profile profiling`")]
    NamelessServer,
    /// What it prints is not understood.
    #[error("perf prints what is not understood: {0:?}")]
    Unreadable(String),
    /// Its files can't be written or read.
    #[error("files of perf: {0}")]
    Files(#[from] io::Error),
}

/// A function that was running, or that had called the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its name.
    pub(super) function: String,
    /// File name of the program or library that it is in.
    pub(super) program: String,
    /// Whether it is the kernel's.
    pub(super) kernel: bool,
}

/// What ran at a moment: the function itself, then who had called it, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample(pub(super) Vec<Frame>);

/// perf, as it runs. It ends when it is dropped.
struct Perf {
    child: Child,
    folder: TempDir,
}

impl Perf {
    /// Starts it with these arguments and a file `out` in a folder of its own, and waits until it is there.
    async fn start(arguments: &[&str], pid: u32) -> Result<Self, PerfError> {
        let folder = TempDir::new()?;
        let mut child = Command::new("perf")
            .args(arguments)
            .args([OsStr::new("-o"), out(&folder).as_os_str()])
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(not_started)?;
        sleep(ATTACHES).await;
        if child.try_wait()?.is_some() {
            let said = child.wait_with_output().await?.stderr;
            return Err(failed(&said));
        }
        Ok(Self { child, folder })
    }

    /// Asks it to end, and waits until it has written its file.
    async fn end(self) -> Result<TempDir, PerfError> {
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            kill_process(pid, Signal::INT).map_err(io::Error::from)?;
        }
        // It ends by the signal, so its status tells nothing: the file does.
        self.child.wait_with_output().await?;
        Ok(self.folder)
    }
}

fn out(folder: &TempDir) -> PathBuf {
    folder.path().join("out")
}

fn not_started(error: io::Error) -> PerfError {
    if error.kind() == ErrorKind::NotFound { PerfError::Missing(error) } else { error.into() }
}

fn failed(said: &[u8]) -> PerfError {
    let said = String::from_utf8_lossy(said);
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.contains("perf_event_paranoid") { PerfError::Forbidden(line) } else { PerfError::Failed(line) }
}

/// Looks at a process many times a second.
pub(super) struct Recorder(Perf);

impl Recorder {
    pub(super) async fn start(pid: u32) -> Result<Self, PerfError> {
        // It would keep a copy of each program that it saw in the home of who runs it.
        let arguments = ["record", "--quiet", "--no-buildid-cache", "-e", CLOCK, "-F", FREQUENCY, "-g"];
        Ok(Self(Perf::start(&arguments, pid).await?))
    }

    /// What was seen.
    pub(super) async fn end(self) -> Result<Vec<Sample>, PerfError> {
        let folder = self.0.end().await?;
        let script = Command::new("perf")
            .args(["script", "--no-inline", "-F", "ip,sym,dso", "-i"])
            .arg(out(&folder))
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(not_started)?;
        if !script.status.success() {
            return Err(failed(&script.stderr));
        }
        let samples = samples(&String::from_utf8_lossy(&script.stdout))?;
        named(&samples)?;
        Ok(samples)
    }
}

/// Parses what `perf script -F ip,sym,dso` prints: a sample is lines up to an empty one, a line is a frame.
fn samples(text: &str) -> Result<Vec<Sample>, PerfError> {
    let mut samples = Vec::new();
    let mut frames = Vec::new();
    for line in text.lines().chain([""]).map(str::trim) {
        if !line.is_empty() {
            frames.push(frame(line).ok_or_else(|| PerfError::Unreadable(line.to_owned()))?);
        } else if !frames.is_empty() {
            samples.push(Sample(std::mem::take(&mut frames)));
        }
    }
    if samples.is_empty() { Err(PerfError::NoSamples) } else { Ok(samples) }
}

/// `ADDRESS FUNCTION (PROGRAM)`; a function of Rust may have spaces and brackets in its name.
fn frame(line: &str) -> Option<Frame> {
    let (address, rest) = line.split_once(' ')?;
    let (function, program) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let program = program.rsplit_once('/').map_or(program, |(_, name)| name);
    Some(Frame {
        function: function.trim().to_owned(),
        program: program.to_owned(),
        kernel: address >= KERNEL,
    })
}

/// Without names nothing can be told.
fn named(samples: &[Sample]) -> Result<(), PerfError> {
    let frames = || samples.iter().flat_map(|sample| &sample.0);
    if nameless(frames().filter(|frame| frame.kernel)) {
        return Err(PerfError::NamelessKernel);
    }
    if nameless(frames().filter(|frame| frame.program == SERVER)) {
        return Err(PerfError::NamelessServer);
    }
    Ok(())
}

fn nameless<'a>(frames: impl Iterator<Item = &'a Frame>) -> bool {
    let mut frames = frames.peekable();
    frames.peek().is_some() && frames.all(|frame| frame.function == NAMELESS)
}

/// A group of system calls that do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) title: &'static str,
    names: &'static [&'static str],
}

/// What is counted apart; writes are the first.
pub(super) const CALLS: [Calls; 6] = [
    Calls { title: "write", names: &["sendto", "sendmsg", "write", "writev"] },
    Calls { title: "read", names: &["recvfrom", "recvmsg", "read", "readv"] },
    Calls { title: "epoll_wait", names: &["epoll_wait", "epoll_pwait", "epoll_pwait2"] },
    Calls { title: "epoll_ctl", names: &["epoll_ctl"] },
    Calls { title: "futex", names: &["futex"] },
    Calls {
        title: "accept, set up, close",
        names: &["accept4", "setsockopt", "getsockopt", "getsockname", "getpeername", "shutdown", "close"],
    },
];

/// The tracepoint that all calls pass.
const ALL: &str = "raw_syscalls:sys_enter";

/// How many system calls of each of [`CALLS`] there were, and of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counted {
    pub(super) of: [f64; CALLS.len()],
    pub(super) all: f64,
}

impl Counted {
    /// Those that write.
    pub(super) fn writes(&self) -> f64 {
        self.of[0]
    }

    /// For each of so many.
    pub(super) fn each(self, number: f64) -> Self {
        Self { of: self.of.map(|count| count / number), all: self.all / number }
    }
}

/// Counts the system calls of a process.
pub(super) struct Counter(Perf);

impl Counter {
    pub(super) async fn start(pid: u32) -> Result<Self, PerfError> {
        let names = CALLS.iter().flat_map(|calls| calls.names).map(|name| tracepoint(name));
        let events = names.chain([ALL.to_owned()]).collect::<Vec<_>>().join(",");
        Ok(Self(Perf::start(&["stat", "-x", ";", "-e", &events], pid).await?))
    }

    pub(super) async fn end(self) -> Result<Counted, PerfError> {
        counted(&fs::read_to_string(out(&self.0.end().await?))?)
    }
}

fn tracepoint(name: &str) -> String {
    format!("syscalls:sys_enter_{name}")
}

/// Parses what `perf stat -x ;` prints: `COUNT;UNIT;EVENT;...`. An event that it did not count has no number.
fn counted(text: &str) -> Result<Counted, PerfError> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let counts = lines.map(|line| {
        let unreadable = || PerfError::Unreadable(line.to_owned());
        let mut fields = line.split(';');
        let count = fields.next().and_then(|count| count.parse().ok()).ok_or_else(unreadable)?;
        Ok((fields.nth(1).ok_or_else(unreadable)?, count))
    });
    let counts = counts.collect::<Result<BTreeMap<&str, f64>, PerfError>>()?;
    let count = |event: &str| counts.get(event).copied().unwrap_or(0.0);
    let of = CALLS.map(|calls| calls.names.iter().map(|name| count(&tracepoint(name))).sum());
    Ok(Counted { of, all: count(ALL) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As perf 6.1 prints them: of the kernel, of a Rust program, of a library without names.
    const SCRIPT: &str = "
\tffffffff821f275d tcp_sendmsg ([kernel.kallsyms])
\tffffffff81000c82 entry_SYSCALL_64_after_hwframe ([kernel.kallsyms])
\t           1ba13 <T as core::convert::Into<U>>::into (/usr/bin/chat-server)


\t           15c2a [unknown] (/usr/lib/x86_64-linux-gnu/libc.so.6)
\t               0 [unknown] ([unknown])

";

    #[test]
    fn samples_are_read_with_the_names_that_rust_gives() {
        let samples = samples(SCRIPT).unwrap();
        let [first, second] = samples.as_slice() else { panic!("{samples:?}") };
        let names: Vec<_> = first.0.iter().map(|frame| (frame.function.as_str(), frame.kernel)).collect();
        assert_eq!(
            names,
            [
                ("tcp_sendmsg", true),
                ("entry_SYSCALL_64_after_hwframe", true),
                ("<T as core::convert::Into<U>>::into", false)
            ]
        );
        assert_eq!(first.0[2].program, "chat-server");
        assert_eq!((second.0[0].program.as_str(), second.0.len()), ("libc.so.6", 2));
    }

    #[test]
    fn what_can_not_be_told_is_an_error_that_says_what_to_do() {
        assert!(matches!(samples("\n\n"), Err(PerfError::NoSamples)));
        assert!(matches!(samples("no address"), Err(PerfError::Unreadable(_))));
        let nameless = |text: &str| named(&samples(text).unwrap());
        assert!(nameless(SCRIPT).is_ok());
        assert!(matches!(
            nameless("ffffffff821f275d [unknown] ([kernel.kallsyms])"),
            Err(PerfError::NamelessKernel)
        ));
        assert!(matches!(nameless("15c2a [unknown] (/bin/chat-server)"), Err(PerfError::NamelessServer)));
        assert!(matches!(failed(b"consider perf_event_paranoid\n"), PerfError::Forbidden(_)));
    }

    #[test]
    fn system_calls_of_a_kind_are_counted_together() {
        let text = "# started on Mon\n\n30;;syscalls:sys_enter_sendto;1000;100.00;;\n\
                    10;;syscalls:sys_enter_writev;1000;100.00;;\n60;;raw_syscalls:sys_enter;1000;100.00;;\n";
        let each = counted(text).unwrap().each(20.0);
        assert_eq!((each.of[0], each.of[1], each.all), (2.0, 0.0, 3.0));
        assert!(counted("<not counted>;;syscalls:sys_enter_sendto;0;100.00;;").is_err());
    }
}
