//! A server that answers by the book of a test, byte for byte, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Client, Settings};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Writes this and closes.
    Answer(String),
    /// Writes this and then nothing more, without closing.
    Stall(String),
    /// Closes without a word.
    Hang,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server that answers a request for `METHOD /path?query` by what `act` says.
    pub(super) async fn start(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let (requests, act) = (server.requests.clone(), Arc::new(act));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (requests, act) = (requests.clone(), act.clone());
                tokio::spawn(async move {
                    let request = read(&mut socket).await;
                    let line =
                        request.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
                    requests.lock().unwrap().push(request);
                    match act(&line) {
                        Act::Answer(text) => socket.write_all(text.as_bytes()).await.unwrap(),
                        Act::Stall(text) => {
                            socket.write_all(text.as_bytes()).await.unwrap();
                            std::future::pending::<()>().await;
                        }
                        Act::Hang => {}
                    }
                });
            }
        });
        server
    }

    pub(super) fn client(&self) -> Client {
        self.client_that(|_| {})
    }

    pub(super) fn client_that(&self, change: impl FnOnce(&mut Settings)) -> Client {
        let mut settings = Settings::new(format!("http://{}", self.address).parse().unwrap());
        settings.request = Duration::from_secs(10);
        change(&mut settings);
        Client::new(settings).unwrap()
    }

    /// The requests so far, whole.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read(socket: &mut TcpStream) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 4_096]);
    loop {
        let read = socket.read(&mut buffer).await.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let whole = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0));
        if read == 0 || whole {
            return text;
        }
    }
}

/// A whole answer with this status and body.
pub(super) fn answer(status: u16, body: &str) -> Act {
    with(status, "", body)
}

/// The same with further header lines.
pub(super) fn with(status: u16, headers: &str, body: &str) -> Act {
    Act::Answer(format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// The beginning of an event stream whose end is the connection's.
pub(super) const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
