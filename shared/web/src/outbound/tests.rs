//! The client against real sockets: redirects, names that change their address, caps and clocks.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Failure, Limits, Lookup, Outbound, Refusal, Settings};

const LIMITS: Limits = Limits { bytes: 1_000, time: Duration::from_secs(10) };

/// A header of an answer after which its server says nothing more, and keeps the connection.
const STALLS: &str = "x-stalls: yes\r\n";

/// A server that answers each connection's one request by the path, and remembers what it was asked.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, connections: Arc::default(), requests: Arc::default() };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (requests, answer) = (requests.clone(), answer.clone());
                tokio::spawn(async move {
                    let request = read(&mut socket).await.unwrap_or_default();
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    requests.lock().unwrap().push(request);
                    match answer(&path) {
                        Some(text) => {
                            socket.write_all(text.as_bytes()).await.unwrap();
                            if text.contains(STALLS) {
                                std::future::pending::<()>().await;
                            }
                        }
                        None => std::future::pending().await,
                    }
                });
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read(socket: &mut tokio::net::TcpStream) -> io::Result<String> {
    let (mut text, mut buffer) = (String::new(), [0; 4_096]);
    loop {
        let read = socket.read(&mut buffer).await?;
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let whole = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0));
        if read == 0 || whole {
            return Ok(text);
        }
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// A client with these rules, for which a name has these addresses, one answer after the other; the last one stays.
fn outbound(rules: &[String], answers: &[&str]) -> Outbound {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answers: VecDeque<IpAddr> = answers.iter().map(|address| address.parse().unwrap()).collect();
    let answers = Arc::new(Mutex::new(answers));
    let lookup = Lookup::new(move |_| {
        let answers = answers.clone();
        Box::pin(async move {
            let mut answers = answers.lock().unwrap();
            let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
            next.map(|address| vec![address]).ok_or_else(|| io::Error::other("no such name"))
        })
    });
    Outbound::with_lookup(Settings::from_rules(rules, None).unwrap(), lookup).unwrap()
}

fn allowing(server: &Server) -> Outbound {
    outbound(&[server.address.to_string()], &[])
}

fn not_public(failure: &Failure) -> bool {
    failure.is_refusal() && matches!(failure, Failure::Refused(Refusal::NotPublic { .. }))
}

#[tokio::test]
async fn a_list_is_fetched_from_an_allowed_host_and_nothing_is_sent_along() {
    let server = Server::start(|_| Some(ok("a,b\n1,2\n"))).await;
    let fetched = allowing(&server).get(&server.url("/list?x=1#part"), LIMITS).await.unwrap();
    assert_eq!((fetched.content_type.as_deref(), fetched.content_length), (Some("text/csv"), Some(8)));
    assert_eq!(fetched.bytes().await.unwrap(), b"a,b\n1,2\n");
    let request = server.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /list?x=1 http/1.1"), "{request}");
    for header in ["cookie", "authorization", "x-api-key", "referer"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn a_private_address_is_refused_before_anything_is_connected() {
    let server = Server::start(|_| Some(ok(""))).await;
    let refused = outbound(&[], &[]).get(&server.url("/"), LIMITS).await.unwrap_err();
    assert!(refused.to_string().contains(&format!("--allow-host {}", server.address)), "{refused}");
    let refused = outbound(&[], &[]).post(&server.url("/"), HeaderMap::new(), "", LIMITS.time).await;
    assert!(not_public(&refused.unwrap_err()));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused() {
    let server = Server::start(|_| Some(ok(""))).await;
    let port = server.address.port();
    let url = format!("http://innocent.example:{port}/");
    let outbound = outbound(&[], &["127.0.0.1"]);
    for refused in [outbound.check(&url).await.err(), outbound.get(&url, LIMITS).await.err()] {
        let refused = refused.expect("refused");
        assert!(not_public(&refused), "{refused:?}");
        assert!(refused.to_string().starts_with(&format!("innocent.example:{port} is not")), "{refused}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_after_the_check_gains_nothing() {
    let server = Server::start(|_| Some(ok("secret"))).await;
    let url = format!("http://rebinding.example:{}/", server.address.port());
    let outbound = outbound(&[], &["8.8.8.8", "127.0.0.1"]);
    assert!(outbound.check(&url).await.is_ok(), "its first address is public");
    let refused = outbound.get(&url, LIMITS).await.unwrap_err();
    assert!(not_public(&refused), "{refused:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_without_address_is_told_from_a_refused_one() {
    let outbound = outbound(&[], &[]);
    assert_eq!(outbound.check("https://nowhere.example/").await, Err(Failure::Unresolved));
    assert_eq!(outbound.get("https://nowhere.example/", LIMITS).await.map(drop), Err(Failure::Unresolved));
}

#[tokio::test]
async fn redirects_are_followed_five_times_at_most() {
    let server = Server::start(|path| {
        let left: u32 = path.trim_start_matches('/').parse().unwrap();
        Some(if left == 0 { ok("end") } else { redirect(302, &format!("/{}", left - 1)) })
    })
    .await;
    let outbound = allowing(&server);
    let fetched = outbound.get(&server.url("/5"), LIMITS).await.unwrap();
    assert_eq!(fetched.url.as_str(), server.url("/0"));
    assert_eq!(fetched.bytes().await.unwrap(), b"end");
    assert_eq!(outbound.get(&server.url("/6"), LIMITS).await.map(drop), Err(Failure::Redirects));
}

#[tokio::test]
async fn each_redirect_is_checked_like_the_first_url() {
    let inside = Server::start(|_| Some(ok("secret"))).await;
    let port = inside.address.port();
    let server = Server::start(move |path| {
        Some(match path {
            "/literal" => redirect(301, &format!("http://127.0.0.1:{port}/")),
            "/decimal" => redirect(303, &format!("//2130706433:{port}/")),
            "/name" => redirect(307, &format!("http://innocent.example:{port}/")),
            "/mapped" => redirect(308, &format!("http://[::ffff:127.0.0.1]:{port}/")),
            "/scheme" => redirect(302, "file:///etc/passwd"),
            "/user" => redirect(302, "https://user:password@example.com/"),
            _ => redirect(302, "http://"),
        })
    })
    .await;
    let outbound = outbound(&[server.address.to_string()], &["127.0.0.1"]);
    for path in ["/literal", "/decimal", "/name", "/mapped"] {
        let refused = outbound.get(&server.url(path), LIMITS).await.unwrap_err();
        assert!(not_public(&refused), "{path}: {refused:?}");
    }
    let scheme = outbound.get(&server.url("/scheme"), LIMITS).await.unwrap_err();
    assert_eq!(scheme, Refusal::Scheme.into());
    let user = outbound.get(&server.url("/user"), LIMITS).await.unwrap_err();
    assert_eq!(user, Refusal::Credentials.into());
    assert_eq!(outbound.get(&server.url("/nowhere"), LIMITS).await.map(drop), Err(Failure::Redirects));
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_post_does_not_follow_a_redirect() {
    let inside = Server::start(|_| Some(ok(""))).await;
    let to = inside.url("/");
    let server = Server::start(move |_| Some(redirect(307, &to))).await;
    let outbound = outbound(&[server.address.to_string(), inside.address.to_string()], &[]);
    let answer = outbound.post(&server.url("/hook"), HeaderMap::new(), "{}", LIMITS.time).await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_post_brings_its_headers_and_keeps_how_the_answer_begins() {
    let body = format!("first line\n\u{7}{}", "x".repeat(60_000));
    let text = format!(
        "HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let server = Server::start(move |_| Some(text.clone())).await;
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    let answer =
        allowing(&server).post(&server.url("/hook"), headers, "{\"a\":1}", LIMITS.time).await.unwrap();
    assert_eq!(answer.status, 503);
    let wait = answer.retry_after.map(|retry_after| retry_after.wait(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(wait, Some(Duration::from_secs(7)));
    assert!(answer.excerpt.starts_with("first linexxx"), "{}", answer.excerpt);
    assert!(answer.excerpt.len() <= 1_024);
    let request = server.requests().remove(0);
    assert!(request.contains("webhook-id: msg_1\r\n") && request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
}

#[tokio::test]
async fn a_body_past_its_cap_is_not_read_on() {
    let announced = ok(&"x".repeat(1_001));
    let silent = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(1_001));
    let fits = ok(&"x".repeat(1_000));
    let server = Server::start(move |path| {
        Some(match path {
            "/announced" => announced.clone(),
            "/silent" => silent.clone(),
            _ => fits.clone(),
        })
    })
    .await;
    let outbound = allowing(&server);
    assert_eq!(
        outbound.get(&server.url("/announced"), LIMITS).await.map(drop),
        Err(Failure::TooLarge(1_000))
    );
    let silent = outbound.get(&server.url("/silent"), LIMITS).await.unwrap();
    assert_eq!(silent.content_length, None);
    assert_eq!(silent.bytes().await, Err(Failure::TooLarge(1_000)));
    let fits = outbound.get(&server.url("/fits"), LIMITS).await.unwrap();
    assert_eq!(fits.bytes().await.map(|bytes| bytes.len()), Ok(1_000));
}

#[tokio::test]
async fn who_never_answers_is_given_up_in_time() {
    let server = Server::start(|_| None).await;
    let outbound = allowing(&server);
    let limits = Limits { time: Duration::from_millis(50), ..LIMITS };
    assert_eq!(outbound.get(&server.url("/"), limits).await.map(drop), Err(Failure::TimedOut));
    let answer = outbound.post(&server.url("/"), HeaderMap::new(), "", limits.time).await;
    assert_eq!(answer, Err(Failure::TimedOut));
}

#[tokio::test]
async fn who_stops_in_the_middle_is_given_up_in_time_or_told_as_broken() {
    let cut = Server::start(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_owned())).await;
    let fetched = allowing(&cut).get(&cut.url("/"), LIMITS).await.unwrap();
    assert_eq!(fetched.bytes().await, Err(Failure::Broken));
    let stalled = format!("HTTP/1.1 200 OK\r\n{STALLS}content-length: 9\r\n\r\nabc");
    let stalls = Server::start(move |_| Some(stalled.clone())).await;
    let limits = Limits { time: Duration::from_millis(50), ..LIMITS };
    let fetched = allowing(&stalls).get(&stalls.url("/"), limits).await.unwrap();
    assert_eq!(fetched.bytes().await, Err(Failure::TimedOut));
    let answer = allowing(&stalls).post(&stalls.url("/"), HeaderMap::new(), "", limits.time).await.unwrap();
    assert_eq!((answer.status, answer.excerpt.as_str()), (200, "abc"), "the status is an answer");
}

#[tokio::test]
async fn what_is_no_success_or_compressed_is_told() {
    let server = Server::start(|path| {
        Some(match path {
            "/gone" => "HTTP/1.1 404 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            _ => "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                .to_owned(),
        })
    })
    .await;
    let outbound = allowing(&server);
    assert_eq!(outbound.get(&server.url("/gone"), LIMITS).await.map(drop), Err(Failure::Status(404)));
    assert_eq!(outbound.get(&server.url("/zip"), LIMITS).await.map(drop), Err(Failure::Compressed));
}
