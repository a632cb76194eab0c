//! A server of the tests' own, that can be told to misbehave.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What was asked, and how much of a body was sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    /// First byte of `Range: bytes=N-`.
    pub from: Option<usize>,
    pub if_range: Option<String>,
    /// How many requests for the same path came before.
    pub earlier: usize,
    pub sent: usize,
}

/// What is answered.
pub struct Reply {
    status: &'static str,
    headers: Vec<String>,
    body: Vec<u8>,
    /// The connection is closed after so many bytes of the body.
    cut: Option<usize>,
    /// After so many bytes nothing comes any more for a while.
    stall: Option<(usize, Duration)>,
    /// Between pieces of 64 KiB.
    pause: Duration,
    /// Whether the length is told.
    length: bool,
}

impl Reply {
    pub fn status(status: &'static str) -> Self {
        let (headers, body, pause) = (vec![], vec![], Duration::ZERO);
        Self { status, headers, body, cut: None, stall: None, pause, length: true }
    }

    /// The whole file, whatever was asked.
    pub fn whole(file: &[u8]) -> Self {
        Self { body: file.to_vec(), ..Self::status("200 OK") }
    }

    /// What a good server answers: the range asked for, if it is still the same version.
    pub fn file(request: &Request, file: &[u8], version: &str) -> Self {
        let same = request.if_range.as_deref().is_none_or(|v| v == version);
        let reply =
            match request.from.filter(|_| same) {
                None => Self::whole(file),
                Some(from) if from >= file.len() => Self::status("416 Range Not Satisfiable"),
                Some(from) => Self { body: file[from..].to_vec(), ..Self::status("206 Partial Content") }
                    .header(&format!("Content-Range: bytes {from}-{}/{}", file.len() - 1, file.len())),
            };
        reply.header(&format!("ETag: {version}"))
    }

    pub fn with_status(self, status: &'static str) -> Self {
        Self { status, ..self }
    }

    pub fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    pub fn cut(self, after: usize) -> Self {
        Self { cut: Some(after), ..self }
    }

    pub fn stall(self, after: usize, pause: Duration) -> Self {
        Self { stall: Some((after, pause)), ..self }
    }

    pub fn slow(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    pub fn of_unknown_length(self) -> Self {
        Self { length: false, ..self }
    }
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// Serves until it is dropped.
pub struct Server {
    pub url: String,
    log: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (log, stop) = (Arc::new(Mutex::new(vec![])), Arc::new(AtomicBool::new(false)));
        let answer: Arc<Answer> = Arc::new(answer);
        let (shared, stopped) = (log.clone(), stop.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (log, answer) = (shared.clone(), answer.clone());
                // A client that goes away is what many tests are about.
                thread::spawn(move || stream.ok().and_then(|s| serve(s, &log, &*answer).ok()));
            }
        });
        Self { url, log, stop }
    }

    /// Every request so far whose path ends like that.
    pub fn asked(&self, end: &str) -> Vec<Request> {
        self.log.lock().unwrap().iter().filter(|r| r.path.ends_with(end)).cloned().collect()
    }

    /// Bytes of bodies sent for such paths.
    pub fn sent(&self, end: &str) -> usize {
        self.asked(end).iter().map(|r| r.sent).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Request>>, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split_whitespace().map(str::to_owned);
    let path = words.nth(1).unwrap_or_default();
    let mut request = Request { path, from: None, if_range: None, earlier: 0, sent: 0 };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "range" => request.from = value.strip_prefix("bytes=").and_then(|v| v.strip_suffix('-')?.parse().ok()),
            "if-range" => request.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    let at = {
        let mut log = log.lock().unwrap();
        request.earlier = log.iter().filter(|r| r.path == request.path).count();
        log.push(request.clone());
        log.len() - 1
    };
    let reply = answer(&request);
    write!(stream, "HTTP/1.1 {}\r\nConnection: close\r\n", reply.status)?;
    if reply.length {
        write!(stream, "Content-Length: {}\r\n", reply.body.len())?;
    }
    reply.headers.iter().try_for_each(|line| write!(stream, "{line}\r\n"))?;
    write!(stream, "\r\n")?;
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len()).min(reply.body.len())];
    let mut sent = 0;
    while sent < body.len() {
        let mut end = (sent + (1 << 16)).min(body.len());
        if let Some((after, pause)) = reply.stall {
            if sent == after {
                thread::sleep(pause);
            } else if sent < after {
                end = end.min(after);
            }
        }
        stream.write_all(&body[sent..end])?;
        log.lock().unwrap()[at].sent += end - sent;
        sent = end;
        thread::sleep(reply.pause);
    }
    stream.shutdown(Shutdown::Write)
}
