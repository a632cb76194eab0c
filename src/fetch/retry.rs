//! How long is waited for a server.

use std::time::Duration;

/// When to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// For a connection.
    pub connect: Duration,
    /// Without a byte.
    pub stall: Duration,
    /// After the first cut connection; doubled after each further one.
    pub pause: Duration,
    /// Cut connections in a row that brought less than a megabyte each.
    pub cuts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(20), stall: seconds(30), pause: Duration::from_millis(250), cuts: 5 }
    }
}
