//! One request: from where the part ends to the end of the file.

use std::io::{ErrorKind, Read};

use ureq::{
    Agent, Body,
    http::{Response, header},
    tls::{RootCerts, TlsConfig, TlsProvider},
};

use super::{part::PartialFile, retry::RetryPolicy};
use crate::error::Result;

/// Why a request did not bring the rest of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Asking again is of no use.
    Final(String),
    /// There is no way to the server.
    NoConnection(String),
    /// The connection broke, or the server is busy.
    Cut(String),
}

/// An HTTP client. Proxies are those of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
#[derive(Debug)]
pub struct Client {
    agent: Agent,
}

impl Client {
    /// A client that waits no longer than that.
    pub fn new(retry: &RetryPolicy) -> Self {
        let own_tls = cfg!(any(windows, target_vendor = "apple"));
        let provider = if own_tls { TlsProvider::NativeTls } else { TlsProvider::Rustls };
        let config = Agent::config_builder()
            .tls_config(TlsConfig::builder().provider(provider).root_certs(RootCerts::PlatformVerifier).build())
            .http_status_as_error(false)
            .user_agent(concat!("yolov4-wgpu/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(retry.connect))
            .timeout_recv_response(Some(retry.stall))
            .timeout_per_read(Some(retry.stall))
            .build();
        Self { agent: config.new_agent() }
    }

    /// Asks for what is missing of `part` and appends it.
    ///
    /// # Errors
    /// What the disk refuses; what the network does is in the inner result.
    pub fn get(&self, url: &str, part: &mut PartialFile, progress: &mut dyn FnMut(u64)) -> Result<Result<(), Refusal>> {
        // An address that is safe must not lead to one that is not.
        let mut request = self.agent.get(url).config().https_only(url.starts_with("https://")).build();
        if part.length() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", part.length()));
            if let Some(version) = part.version() {
                request = request.header(header::IF_RANGE, version);
            }
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(e) => return Ok(Err(refusal(&e))),
        };
        match begin(&response, part)? {
            Ok(()) => body(response, part, progress),
            Err(refusal) => Ok(Err(refusal)),
        }
    }
}

/// Whether the server sends what is missing, or the whole file again.
fn begin(response: &Response<Body>, part: &mut PartialFile) -> Result<Result<(), Refusal>> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let status = response.status();
    let total = match status.as_u16() {
        200 => {
            // It knows nothing of ranges, or it has another version.
            part.discard()?;
            response.body().content_length()
        }
        206 => match text(header::CONTENT_RANGE).and_then(content_range) {
            Some((from, total)) if from == part.length() => total,
            found => {
                let found = found.map_or("another range".to_owned(), |(from, _)| format!("from {from}"));
                let why = format!("expected bytes from {}, the server sends {found}", part.length());
                part.discard()?;
                return Ok(Err(Refusal::Cut(why)));
            }
        },
        416 => {
            part.discard()?;
            return Ok(Err(Refusal::Cut("the server does not have as much as is here".into())));
        }
        408 | 429 | 500..=599 => return Ok(Err(Refusal::Cut(format!("the server answers {status}")))),
        _ => return Ok(Err(Refusal::Final(format!("the server answers {status}")))),
    };
    if let Some(total) = total.filter(|total| *total != part.wanted()) {
        let why = format!("expected a file of {} bytes, the server has one of {total}", part.wanted());
        return Ok(Err(Refusal::Final(why)));
    }
    // A weak mark says that two versions mean the same, not that their bytes are the same.
    part.remember(text(header::ETAG).filter(|mark| !mark.starts_with("W/")));
    Ok(Ok(()))
}

/// `bytes 100-199/200`: the first byte, and how many there are in all if that is said.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

fn body(
    mut response: Response<Body>,
    part: &mut PartialFile,
    progress: &mut dyn FnMut(u64),
) -> Result<Result<(), Refusal>> {
    let mut reader = response.body_mut().as_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) if part.length() == part.wanted() => return Ok(Ok(())),
            Ok(0) => return Ok(Err(Refusal::Cut("the connection was cut".into()))),
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Ok(Err(Refusal::Cut(format!("the connection was cut ({e})")))),
        };
        if part.length() + n as u64 > part.wanted() {
            part.discard()?;
            let why = format!("expected a file of {} bytes, the server sends more", part.wanted());
            return Ok(Err(Refusal::Final(why)));
        }
        part.write(&buffer[..n])?;
        progress(part.length());
    }
}

fn refusal(error: &ureq::Error) -> Refusal {
    use ureq::{Error, Timeout};
    match error {
        Error::HostNotFound => Refusal::NoConnection("there is no such host, or no network".into()),
        Error::ConnectionFailed | Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            Refusal::NoConnection(error.to_string())
        }
        Error::Io(e) if !broke(e.kind()) => Refusal::NoConnection(e.to_string()),
        Error::Io(_) | Error::Timeout(_) | Error::Protocol(_) => {
            Refusal::Cut(format!("the connection was cut ({error})"))
        }
        // Addresses, certificates, redirects without end.
        other => Refusal::Final(other.to_string()),
    }
}

/// Whether there was a connection before there was none.
fn broke(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof)
}
