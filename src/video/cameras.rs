//! The cameras of the machine, for `yolov4 cameras`.
//!
//! Linux is asked itself ([`crate::video::v4l2`]); elsewhere ffmpeg is, whose lists are read here. The readers are
//! compiled everywhere, so that they are tested everywhere.

#[cfg(not(target_os = "linux"))]
use std::process::{Command, Stdio};

use crate::{error::Result, video::CameraInfo};

/// The cameras of this machine.
///
/// # Errors
/// [`crate::Error::Source`]: no permission, or (not on Linux) no ffmpeg.
#[cfg(target_os = "linux")]
pub fn cameras() -> Result<Vec<CameraInfo>> {
    crate::video::v4l2::list::cameras()
}

/// The cameras of this machine.
///
/// # Errors
/// [`crate::Error::Source`]: no permission, or (not on Linux) no ffmpeg.
#[cfg(not(target_os = "linux"))]
pub fn cameras() -> Result<Vec<CameraInfo>> {
    let windows = cfg!(windows);
    let arguments = if windows {
        ["-list_devices", "true", "-f", "dshow", "-i", "dummy"]
    } else {
        ["-list_devices", "true", "-f", "avfoundation", "-i", ""]
    };
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.arg("-hide_banner").args(arguments).stdin(Stdio::null());
    // It lists to stderr and then fails for want of an input; both are as it should be.
    let output = ffmpeg.output().map_err(|e| {
        let message = format!("the program `ffmpeg` is needed to list cameras, but: {e}; install it and try again");
        crate::error::Error::source("cameras", message)
    })?;
    let text = String::from_utf8_lossy(&output.stderr);
    Ok(if windows { from_dshow(&text) } else { from_avfoundation(&text) })
}

/// From `ffmpeg -f avfoundation -list_devices true -i ""`: lines `[AVFoundation ...] [0] NAME` between the headings of
/// the video and the audio devices. Screens are listed there too, and are no cameras.
pub fn from_avfoundation(text: &str) -> Vec<CameraInfo> {
    let mut found = Vec::new();
    let mut video = false;
    for line in text.lines() {
        let Some((_, line)) = line.strip_prefix("[AVFoundation").and_then(|l| l.split_once("] ")) else { continue };
        if line.contains("devices:") {
            video = line.contains("video devices:");
            continue;
        }
        let Some((index, name)) = line.strip_prefix('[').and_then(|l| l.split_once("] ")) else { continue };
        if video && index.parse::<u32>().is_ok() && !name.starts_with("Capture screen") {
            found.push(plain(found.len(), index, name));
        }
    }
    found
}

/// From `ffmpeg -list_devices true -f dshow -i dummy`: lines `[dshow ...] "NAME" (video)`, each followed by an
/// `Alternative name`; before ffmpeg 5 without the kind, between the headings of video and audio devices.
pub fn from_dshow(text: &str) -> Vec<CameraInfo> {
    let mut found: Vec<CameraInfo> = Vec::new();
    let mut section = "";
    let mut last = false;
    for line in text.lines() {
        // ffmpeg 7 names the input `[in#0 @ ...]` in some builds.
        let Some((_, line)) = line.strip_prefix('[').and_then(|l| l.split_once("] ")) else { continue };
        let line = line.trim();
        if line.contains("DirectShow video devices") {
            section = "(video)";
        } else if line.contains("DirectShow audio devices") {
            section = "(audio)";
        } else if let Some(other) = line.strip_prefix("Alternative name ") {
            // The name may be shared by two cameras of one kind; this one is not.
            if let Some(info) = found.last_mut().filter(|_| last) {
                info.bus = other.trim_matches('"').to_owned();
            }
        } else if let Some((name, kind)) = line.strip_prefix('"').and_then(|l| l.rsplit_once('"')) {
            let kind = if kind.trim().is_empty() { section } else { kind.trim() };
            last = kind.contains("video");
            if last {
                found.push(plain(found.len(), name, name));
            }
        }
    }
    found
}

fn plain(number: usize, path: &str, name: &str) -> CameraInfo {
    let (path, name) = (path.to_owned(), name.trim().to_owned());
    CameraInfo { number, path, name, bus: String::new(), formats: vec![] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[CameraInfo]) -> Vec<(usize, &str, &str, &str)> {
        found.iter().map(|c| (c.number, c.path.as_str(), c.name.as_str(), c.bus.as_str())).collect()
    }

    #[test]
    fn the_list_of_macos() {
        let text = "\
[AVFoundation indev @ 0x7f8d4e704a80] AVFoundation video devices:
[AVFoundation indev @ 0x7f8d4e704a80] [0] FaceTime HD Camera (Built-in)
[AVFoundation indev @ 0x7f8d4e704a80] [1] Logitech [C920] HD Pro
[AVFoundation indev @ 0x7f8d4e704a80] [2] Capture screen 0
[AVFoundation indev @ 0x7f8d4e704a80] AVFoundation audio devices:
[AVFoundation indev @ 0x7f8d4e704a80] [0] MacBook Pro Microphone
[in#0 @ 0x7f8d4e704780] Error opening input: Input/output error
Error opening input file .
";
        let found = from_avfoundation(text);
        let expected = [(0, "0", "FaceTime HD Camera (Built-in)", ""), (1, "1", "Logitech [C920] HD Pro", "")];
        assert_eq!(names(&found), expected);
        assert!(from_avfoundation("").is_empty());
        assert!(from_avfoundation("Unknown input format: 'avfoundation'\n").is_empty());
    }

    #[test]
    fn the_list_of_windows() {
        let text = "\
[dshow @ 000001d4f3a5c480] \"Integrated Camera\" (video)
[dshow @ 000001d4f3a5c480]   Alternative name \"@device_pnp_\\\\?\\usb#vid_04f2&pid_b6d0#global\"
[dshow @ 000001d4f3a5c480] \"OBS \"Virtual\" Camera\" (video)
[dshow @ 000001d4f3a5c480]   Alternative name \"@device_sw_{860BB310}\\{A3FCE0F5}\"
[dshow @ 000001d4f3a5c480] \"Microphone Array (Realtek)\" (audio)
[dshow @ 000001d4f3a5c480]   Alternative name \"@device_cm_{33D9A762}\\wave\"
dummy: Immediate exit requested
";
        let found = from_dshow(text);
        let expected = [
            (0, "Integrated Camera", "Integrated Camera", "@device_pnp_\\\\?\\usb#vid_04f2&pid_b6d0#global"),
            (1, "OBS \"Virtual\" Camera", "OBS \"Virtual\" Camera", "@device_sw_{860BB310}\\{A3FCE0F5}"),
        ];
        assert_eq!(names(&found), expected);
    }

    #[test]
    fn the_list_of_windows_before_ffmpeg_5() {
        let text = "\
[dshow @ 02597f60] DirectShow video devices (some may be both video and audio devices)
[dshow @ 02597f60]  \"USB2.0 HD UVC WebCam\"
[dshow @ 02597f60]     Alternative name \"@device_pnp_one\"
[dshow @ 02597f60] DirectShow audio devices
[dshow @ 02597f60]  \"Mikrofon (Realtek)\"
[dshow @ 02597f60]     Alternative name \"@device_cm_two\"
";
        let found = from_dshow(text);
        assert_eq!(names(&found), [(0, "USB2.0 HD UVC WebCam", "USB2.0 HD UVC WebCam", "@device_pnp_one")]);
        let none = "[dshow @ 02597f60] Could not enumerate video devices (or none found).\n";
        assert!(from_dshow(none).is_empty());
    }
}
