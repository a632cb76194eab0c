//! What the program says behind an error of the library: which of its commands and options help.

use yolov4::{Error, ErrorKind};

/// A sentence, where there is something to say.
pub fn advice(error: &Error) -> Option<String> {
    match error {
        Error::NotCached { name, .. } => Some(format!(
            "`yolov4 models fetch {name}` where there is a network, or `--model demo`, which needs no download"
        )),
        Error::Source { source_name, .. }
            if ["/dev/", "camera "].iter().any(|start| source_name.starts_with(start)) =>
        {
            Some("`yolov4 cameras` lists the cameras that answer".into())
        }
        Error::Image { path, message } if message.starts_with("is a video") => {
            Some(format!("`yolov4 detect {0}` alone plays it, and so does `yolov4 view {0}`", path.display()))
        }
        Error::Usage(message) if message.starts_with("size ") => Some("--size W, or --size WxH, sets it".into()),
        // Nothing helps where the library has nothing to say either.
        Error::Limit { hint, .. } if hint.is_empty() => None,
        _ => by_kind(error.kind()).map(str::to_owned),
    }
}

fn by_kind(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Cache => Some("`yolov4 models fetch` and the network's name fetches it again"),
        ErrorKind::Limit => {
            Some("`--size`, `--precision f16` and a smaller `--batch` need less at once; `--conf` keeps fewer boxes")
        }
        ErrorKind::OutOfMemory => Some("`--size` and `--precision f16` need less"),
        ErrorKind::Gpu => Some("YOLOV4_LOG=info shows what the driver and wgpu have to say"),
        ErrorKind::NoAdapter => Some(
            "detect, heads, demo and `view --headless` need none with --player cpu; a window needs one to draw with",
        ),
        _ => None,
    }
}
