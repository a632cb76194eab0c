//! What the crates have to say beside results: to standard error, as much as `YOLOV4_LOG` asks for.

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};
use yolov4::{Error, Result};

/// Without `YOLOV4_LOG`: warnings. What wgpu complains of comes back as an error of ours, and is said once.
const USUAL: &str = "warn,wgpu=off,wgpu_core=off,wgpu_hal=off,naga=off,winit=error";

/// From here on everything goes to standard error: what is traced, and what wgpu and others `log`.
///
/// # Errors
/// [`Error::Usage`] if `YOLOV4_LOG` is no list of levels.
pub fn start() -> Result<()> {
    let wish = std::env::var("YOLOV4_LOG").unwrap_or_else(|_| USUAL.into());
    let targets: Targets = wish.parse().map_err(|e| {
        Error::Usage(format!(
            "YOLOV4_LOG: expected levels such as `debug` or `warn,wgpu_core=info`, found \"{wish}\": {e}"
        ))
    })?;
    // Or a full stderr is complained of on stderr, which panics.
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    tracing_subscriber::registry().with(targets).with(lines).init();
    Ok(())
}
