//! What the system knows of the peer before the runtime tells.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::AsFd;

/// Has the peer closed its side of the connection, whether or not everything it sent was read?
/// One system call that never waits. Where the system cannot tell, `false`.
pub(crate) fn has_closed(stream: &impl AsFd) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let closed = PollFlags::RDHUP;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let closed = PollFlags::HUP;
    let mut asked = [PollFd::new(stream, closed)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let answered = poll(&mut asked, Some(&now)).unwrap_or(0);
    let gone = closed | PollFlags::HUP | PollFlags::ERR;
    answered > 0 && asked.iter().any(|one| one.revents().intersects(gone))
}

#[cfg(test)]
mod tests {
    use super::has_closed;
    use std::io::Write;
    use std::net::{Shutdown, TcpListener, TcpStream};

    #[test]
    fn end_is_seen_behind_unread_bytes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        assert!(!has_closed(&stream));
        peer.write_all(b"unread").unwrap();
        assert!(!has_closed(&stream));
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(has_closed(&stream));
    }
}
