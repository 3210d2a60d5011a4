//! Idle sockets: apps that listen to their home and notifications while nothing happens, as most do most of the time.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Stage;
use crate::Failure;
use crate::report::progress;

/// Sockets that are open at the same time.
const SOCKETS: usize = 5_000;
/// The same in a quick run.
const FEW: usize = 200;
/// Sockets that are being opened at a time.
const AT_ONCE: usize = 50;
/// How long all of them are held before the memory is read: one heartbeat and some.
const HELD: Duration = Duration::from_secs(35);

impl Stage {
    /// MB that the server holds with all sockets open and idle, and without them just before.
    pub(super) async fn sockets(&mut self, quick: bool) -> Result<(f64, f64), Failure> {
        self.drained().await?;
        let before = self.server.memory()?;
        let wanted = if quick { FEW } else { SOCKETS };
        let mut open = Vec::with_capacity(wanted);
        while open.len() < wanted {
            let some = (0..AT_ONCE.min(wanted - open.len())).map(|_| connect(self.setup.port, self.tokens.reader()));
            open.extend(futures_util::future::try_join_all(some).await?);
        }
        progress(&format!("{} sockets are open", open.len()));
        tokio::time::sleep(HELD).await;
        let held = self.server.memory()?;
        // None of them was closed meanwhile: the heartbeat is all that came.
        for socket in &mut open {
            let mut heartbeat = [0; 2];
            socket.read_exact(&mut heartbeat).await?;
            if heartbeat[0] != 0x89 {
                return Err(format!("a socket got {heartbeat:?} instead of a heartbeat").into());
            }
        }
        Ok((held, before))
    }
}

/// Opens a WebSocket (RFC 6455 §4.1) by hand: five thousand of a library's would measure the library.
async fn connect(port: u16, token: &str) -> Result<TcpStream, Failure> {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "GET /api/v1/streaming?stream=user HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {token}\r\nupgrade: websocket\r\n\
         connection: Upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(socket.read_u8().await?);
    }
    let answer = String::from_utf8_lossy(&answer);
    if answer.starts_with("HTTP/1.1 101") { Ok(socket) } else { Err(format!("a socket was refused: {answer}").into()) }
}
