//! Which layer a sample belongs to. Pure.
//!
//! Chains of calls are whole in the kernel: the innermost of its functions that is known for a layer says which one it is.
//! Compiled programs have no such chains, so what runs there is told by its own name; what the compiler put into another
//! function counts for that one.

use super::perf::{Frame, Sample};

/// A part of the way of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Layer {
    /// Into the kernel and out, and from the number of a file to its socket.
    Call,
    /// The bytes of a message come into the kernel.
    Copy,
    /// The sender's TCP.
    Send,
    /// From TCP to TCP.
    Ip,
    /// The TCP of the other end, until the bytes wait for its process.
    Receive,
    /// The process of the other end is told.
    Wake,
    /// What clients say is read.
    Read,
    /// With which sockets there is something to do.
    Epoll,
    /// Connections begin and end.
    Connections,
    /// Who runs when, and what interrupts it.
    Schedule,
    /// Pages of memory.
    Pages,
    /// What is known for none of them.
    KernelRest,
    /// Rooms: order, members, fan-out.
    Hub,
    /// Sessions: queues, batches, conversations.
    Session,
    /// Where rooms, users and sessions are kept.
    Engine,
    /// All else of chat-server.
    Server,
    /// What goes over the wire is parsed and encoded.
    Protocol,
    /// Frames on the wire.
    WebSocket,
    /// Requests and their routes.
    Http,
    /// Tasks, timers, and calls of the kernel.
    Runtime,
    /// Bytes that many share.
    Bytes,
    /// Memory is taken and given back.
    Allocate,
    /// Memory is copied and compared.
    Move,
    /// Texts, maps and what all use.
    Library,
    /// What is known for none of them.
    UserRest,
}

impl Layer {
    /// Below the system call, in the order of the way of a delivery.
    pub(super) const KERNEL: [Self; 12] = [
        Self::Call,
        Self::Copy,
        Self::Send,
        Self::Ip,
        Self::Receive,
        Self::Wake,
        Self::Read,
        Self::Epoll,
        Self::Connections,
        Self::Schedule,
        Self::Pages,
        Self::KernelRest,
    ];

    /// Above it.
    pub(super) const USER: [Self; 13] = [
        Self::Hub,
        Self::Session,
        Self::Engine,
        Self::Server,
        Self::Protocol,
        Self::WebSocket,
        Self::Http,
        Self::Runtime,
        Self::Bytes,
        Self::Allocate,
        Self::Move,
        Self::Library,
        Self::UserRest,
    ];

    /// What the table calls it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Call => "system call: in, out, to the socket",
            Self::Copy => "copy into the kernel",
            Self::Send => "TCP that sends",
            Self::Ip => "IP and loopback",
            Self::Receive => "TCP that receives",
            Self::Wake => "waking the receiver",
            Self::Read => "reading",
            Self::Epoll => "epoll",
            Self::Connections => "accept, set up, close",
            Self::Schedule => "scheduling, futex, interrupts",
            Self::Pages => "pages of memory",
            Self::KernelRest => "other work of Linux",
            Self::Hub => "hub: order, fan-out",
            Self::Session => "session: queue, batch",
            Self::Engine => "engine",
            Self::Server => "other modules",
            Self::Protocol => "parse and encode (serde)",
            Self::WebSocket => "WebSocket (tungstenite)",
            Self::Http => "HTTP (hyper, axum, tower)",
            Self::Runtime => "runtime (tokio)",
            Self::Bytes => "shared bytes (bytes)",
            Self::Allocate => "malloc, free",
            Self::Move => "memcpy, memcmp",
            Self::Library => "Rust's library: texts, maps",
            Self::UserRest => "other libraries",
        }
    }

    /// The layer of what ran.
    pub(super) fn of(sample: &Sample) -> Self {
        match sample.0.first() {
            Some(leaf) if leaf.kernel => {
                let mut chain = sample.0.iter().take_while(|frame| frame.kernel);
                chain.find_map(|frame| in_kernel(&frame.function)).unwrap_or(Self::KernelRest)
            }
            Some(leaf) => in_program(leaf),
            None => Self::UserRest,
        }
    }
}

/// A name, or with `*` what one begins with, and what has it is called for.
type Known = (Layer, &'static [&'static str]);

/// Functions of Linux. The first line that has a name counts; a system call that is in none is other work.
const KERNEL: [Known; 12] = [
    (
        Layer::Wake,
        &[
            "sock_def_readable",
            "sock_def_write_space",
            "sk_stream_write_space",
            "ep_poll_callback",
            "__wake_up*",
            "try_to_wake_up",
        ],
    ),
    (
        Layer::Schedule,
        &[
            "schedule*",
            "__schedule",
            "exit_to_user_mode_loop",
            "__x64_sys_futex",
            "run_timer_softirq",
            "rcu_core*",
            "*sysvec_*",
        ],
    ),
    (Layer::Receive, &["tcp_v4_rcv"]),
    (
        Layer::Ip,
        &[
            "__ip_queue_xmit",
            "ip_output",
            "__dev_queue_xmit",
            "net_rx_action",
            "__netif_receive_skb*",
            "ip_rcv",
        ],
    ),
    (
        Layer::Connections,
        &[
            "__x64_sys_accept*",
            "__x64_sys_setsockopt",
            "__x64_sys_getsockopt",
            "__x64_sys_getsockname",
            "__x64_sys_getpeername",
            "__x64_sys_shutdown",
            "__x64_sys_close",
            "__fput",
        ],
    ),
    (Layer::Copy, &["_copy_from_iter"]),
    (Layer::Read, &["tcp_recvmsg*", "__x64_sys_recvfrom", "__x64_sys_recvmsg", "__x64_sys_read*"]),
    (Layer::Send, &["tcp_sendmsg*"]),
    (Layer::Epoll, &["__x64_sys_epoll_*"]),
    (
        Layer::Pages,
        &[
            "*exc_page_fault",
            "__x64_sys_mmap",
            "__x64_sys_munmap",
            "__x64_sys_mprotect",
            "__x64_sys_madvise",
            "__x64_sys_brk",
        ],
    ),
    (
        Layer::Call,
        &[
            "__x64_sys_send*",
            "__sys_sendto",
            "__x64_sys_write*",
            "ksys_write",
            "do_writev",
            "do_syscall_64",
            "entry_SYSCALL_64*",
            "syscall_return*",
        ],
    ),
    (Layer::KernelRest, &["__x64_sys_*"]),
];

fn in_kernel(function: &str) -> Option<Layer> {
    // What the compiler split off a function bears its name and, behind a dot, what it is.
    let name = function.split('.').next()?;
    let is = |known: &&str| match (known.strip_prefix('*'), known.strip_suffix('*')) {
        (Some(rest), Some(_)) => name.contains(&rest[..rest.len() - 1]),
        (Some(end), None) => name.ends_with(end),
        (None, Some(begin)) => name.starts_with(begin),
        (None, None) => name == *known,
    };
    known(&KERNEL, is)
}

/// Parts of names of Rust. The first line that has one counts: what others do for a type of ours is ours.
const RUST: [Known; 10] = [
    (Layer::Hub, &["chat_server::hub::"]),
    (Layer::Session, &["chat_server::session::"]),
    (Layer::Engine, &["chat_server::engine::"]),
    (Layer::Server, &["chat_server::"]),
    (Layer::Protocol, &["serde", "hubbub_protocol::", "itoa::", "jiff::", "uuid::"]),
    (Layer::WebSocket, &["tungstenite::"]),
    (Layer::Http, &["hyper::", "hyper_util::", "axum", "tower", "http::", "httparse::", "matchit::"]),
    (Layer::Runtime, &["tokio", "mio::", "futures_", "core::future::"]),
    (Layer::Bytes, &["bytes::"]),
    (Layer::Allocate, &["__rustc::__rdl_", "__rustc::__rust_"]),
];

/// The same for Rust's own library, which all others have in the names of their types.
const LIBRARY: [Known; 1] = [(Layer::Library, &["core::", "alloc::", "std::", "hashbrown::", "memchr::"])];

/// Parts of names of C's library; its other functions are calls of the kernel.
const LIBC: [Known; 2] =
    [(Layer::Allocate, &["alloc", "free", "unlink_chunk", "memalign", "heap"]), (Layer::Move, &["mem"])];

fn in_program(Frame { function, program, .. }: &Frame) -> Layer {
    let is = |part: &&str| function.contains(part);
    if program.starts_with("libc") || program.starts_with("[vdso]") {
        return known(&LIBC, is).unwrap_or(Layer::Runtime);
    }
    known(&RUST, is).or_else(|| known(&LIBRARY, is)).unwrap_or(Layer::UserRest)
}

fn known(table: &[Known], is: impl Fn(&&str) -> bool) -> Option<Layer> {
    table.iter().find(|(_, names)| names.iter().any(&is)).map(|(layer, _)| *layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(chain: &[&str], program: &str) -> Layer {
        let frame = |function: &&str| Frame {
            function: (*function).to_owned(),
            program: program.to_owned(),
            kernel: program.starts_with("[kernel"),
        };
        Layer::of(&Sample(chain.iter().map(frame).collect()))
    }

    /// What ran, and the functions that were on the way to it.
    fn below(chain: &[&str]) -> Layer {
        let way = ["do_syscall_64", "entry_SYSCALL_64_after_hwframe"];
        layer(&[chain, &way].concat(), "[kernel.kallsyms]")
    }

    #[test]
    fn in_the_kernel_the_innermost_function_that_is_known_says_the_layer() {
        let send = ["tcp_sendmsg_locked", "tcp_sendmsg", "inet_sendmsg", "__sys_sendto", "__x64_sys_sendto"];
        let ip =
            ["ip_finish_output2", "ip_output", "__ip_queue_xmit", "__tcp_transmit_skb", "tcp_write_xmit"];
        let receive =
            ["tcp_data_queue", "tcp_rcv_established", "tcp_v4_do_rcv", "tcp_v4_rcv", "net_rx_action"];
        let [out, came] = [[ip, send].concat(), [receive, ip, send].concat()];
        assert_eq!(below(&["fdget", "__sys_sendto", "__x64_sys_sendto"]), Layer::Call);
        assert_eq!(below(&[&["_copy_from_iter"], &send[..]].concat()), Layer::Copy);
        assert_eq!(below(&[&["__alloc_skb", "tcp_stream_alloc_skb"], &send[..]].concat()), Layer::Send);
        assert_eq!(below(&[&["dst_release"], &out[..]].concat()), Layer::Ip);
        assert_eq!(below(&came), Layer::Receive);
        let woken =
            ["_raw_spin_unlock_irqrestore", "try_to_wake_up", "ep_poll_callback", "sock_def_readable"];
        assert_eq!(below(&[&woken, &came[..]].concat()), Layer::Wake);
        assert_eq!(below(&["sysvec_apic_timer_interrupt", "tcp_sendmsg"]), Layer::Schedule);
    }

    #[test]
    fn each_other_system_call_has_its_layer_or_is_other_work() {
        assert_eq!(below(&[]), Layer::Call);
        assert_eq!(below(&["__schedule", "schedule", "__x64_sys_epoll_wait"]), Layer::Schedule);
        assert_eq!(below(&["ep_send_events", "do_epoll_wait", "__x64_sys_epoll_wait"]), Layer::Epoll);
        assert_eq!(below(&["tcp_recvmsg_locked.isra.0", "__x64_sys_recvfrom"]), Layer::Read);
        assert_eq!(below(&["tcp_close", "__fput", "__x64_sys_close"]), Layer::Connections);
        assert_eq!(below(&["crng_make_state", "__x64_sys_getrandom"]), Layer::KernelRest);
        assert_eq!(
            layer(&["clear_page", "exc_page_fault", "asm_exc_page_fault"], "[kernel.kallsyms]"),
            Layer::Pages
        );
    }

    #[test]
    fn in_a_program_the_name_says_the_layer_and_what_is_done_for_a_type_of_ours_is_ours() {
        let rust = |name| layer(&[name], "chat-server");
        assert_eq!(rust("chat_server::hub::fan_out::write_out::{{closure}}"), Layer::Hub);
        assert_eq!(rust("core::ptr::drop_in_place<chat_server::session::outbox::State>"), Layer::Session);
        assert_eq!(rust("chat_server::places::Place::take"), Layer::Server);
        assert_eq!(rust("<&mut serde_json::de::Deserializer<R> as x>::y"), Layer::Protocol);
        assert_eq!(rust("tungstenite::protocol::frame::FrameCodec::read_frame"), Layer::WebSocket);
        assert_eq!(rust("<core::pin::Pin<P> as core::future::future::Future>::poll"), Layer::Runtime);
        assert_eq!(rust("bytes::bytes::promotable_even_clone"), Layer::Bytes);
        assert_eq!(rust("core::str::converts::from_utf8"), Layer::Library);
        assert_eq!(rust("main"), Layer::UserRest);
    }

    #[test]
    fn of_libc_memory_is_told_apart_from_calls() {
        let libc = |name| layer(&[name], "libc.so.6");
        assert_eq!(libc("_int_malloc"), Layer::Allocate);
        assert_eq!(libc("cfree@GLIBC_2.2.5"), Layer::Allocate);
        assert_eq!(libc("__memmove_avx_unaligned_erms"), Layer::Move);
        assert_eq!(libc("__send"), Layer::Runtime);
        assert_eq!(layer(&["__vdso_clock_gettime"], "[vdso]"), Layer::Runtime);
    }

    #[test]
    fn every_layer_has_a_place_in_the_table() {
        for (layer, _) in &KERNEL {
            assert!(Layer::KERNEL.contains(layer), "{layer:?}");
        }
        for (layer, _) in RUST.iter().chain(&LIBRARY).chain(&LIBC) {
            assert!(Layer::USER.contains(layer), "{layer:?}");
        }
    }
}
