//! What is written over the picture: rates, delay, where the time goes, who plays; the help.

use yolov4::low_level::{
    detect::{atlas::Atlas, draw::PALETTE},
    view::{Capture, Ink, Panel, Stage},
};

use crate::viewer::{Session, keys::KEYS};

const WHITE: Ink = [1.0, 1.0, 1.0, 1.0];
const GREY: Ink = [0.75, 0.75, 0.75, 1.0];
const AMBER: Ink = [1.0, 0.8, 0.2, 1.0];
const PLATE: Ink = [0.0, 0.0, 0.0, 0.65];
const ALARM: Ink = [0.75, 0.0, 0.0, 0.9];

/// What the window alone knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hud {
    /// Whether figures are shown.
    pub figures: bool,
    /// Whether the keys are shown.
    pub help: bool,
    /// Stands still.
    pub paused: bool,
    /// Shown for a while.
    pub message: Option<String>,
}

impl Hud {
    /// Lays everything out on a target of this size.
    pub fn layout(&self, panel: &mut Panel, atlas: &Atlas, session: &Session, size: (u32, u32)) {
        let (width, height) = (size.0 as f32, size.1 as f32);
        // Nothing is readable on a stamp.
        if width < 8.0 * atlas.line || height < 3.0 * atlas.line {
            return;
        }
        let gap = (atlas.line * 0.5).round();
        let mut y = gap;
        if self.figures {
            let small = width < 30.0 * atlas.line;
            y += panel.lines(atlas, (gap, y), &figures(session, small), PLATE) + gap;
            if !small {
                y += stages(panel, atlas, session, (gap, y), (width - 2.0 * gap).min(24.0 * atlas.line)) + gap;
            }
        }
        if session.live().detector().gpu().is_some_and(|gpu| gpu.report().software) {
            let loud = [("SOFTWARE ADAPTER: correct, and slow".to_owned(), WHITE)];
            y += panel.lines(atlas, (gap, y), &loud, ALARM) + gap;
        }
        let notes = self.notes(session);
        if !notes.is_empty() {
            y += panel.lines(atlas, (gap, y), &notes, PLATE) + gap;
        }
        if self.help {
            let lines: Vec<_> = KEYS.iter().map(|key| (format!("{}   {}", key.name, key.what), WHITE)).collect();
            panel.lines(atlas, (gap, y), &lines, [0.0, 0.0, 0.0, 0.8]);
        }
    }

    /// What is out of the ordinary.
    fn notes(&self, session: &Session) -> Vec<(String, Ink)> {
        let mut notes = Vec::new();
        if self.paused {
            notes.push(("paused".into(), WHITE));
        }
        if session.capture_output.recording() {
            notes.push((format!("recording: {} pictures", session.capture_output.recorded()), AMBER));
        }
        if session.building() {
            notes.push(("building another network ...".into(), AMBER));
        }
        let waiting = session.capture().map(Capture::waiting).unwrap_or_default();
        if let Some(reason) = waiting.reason {
            notes.push((reason, AMBER));
        }
        if let Some(trouble) = session.trouble() {
            notes.push((trouble.to_owned(), AMBER));
        } else if waiting.ended {
            notes.push(("the end; drop another file, or close".into(), GREY));
        }
        notes.extend(self.message.iter().map(|m| (m.clone(), WHITE)));
        notes
    }
}

/// Lines of numbers.
fn figures(session: &Session, small: bool) -> Vec<(String, Ink)> {
    let stats = &session.pipeline.stats;
    let first = format!("{:.1} fps   {:.0} ms", stats.fps(), stats.photon.value());
    if small {
        return vec![(first, WHITE)];
    }
    let (captured, dropped, corrupt) = session.counts();
    let (results, telemetry) = session.readbacks();
    let (conf, nms) = session.thresholds();
    let live = session.live();
    let shape = live.detector().graph().input_shape();
    let source = session.about();
    let rate = session.capture().map_or(0.0, |c| c.fps());
    let bad = if corrupt > 0 { format!(", {corrupt} corrupt") } else { String::new() };
    let lost = session.devices_lost();
    let again = if lost > 0 { format!("   device lost {lost} times") } else { String::new() };
    vec![
        (format!("{first} from camera to picture"), WHITE),
        (
            format!("{source}   {rate:.1} fps in   {captured} captured, {} shown, {dropped} dropped{bad}", stats.shown),
            GREY,
        ),
        (
            format!(
                "{} {}x{} {}   conf {conf:.2}   nms {nms:.2}",
                live.detector().title(),
                shape.w,
                shape.h,
                session.request().precision.name()
            ),
            GREY,
        ),
        (format!("{}   {results} read-backs, {telemetry} of telemetry{again}", session.plays_on()), GREY),
    ]
}

/// A bar of the time of each stage, and what its parts are; returns its height.
fn stages(panel: &mut Panel, atlas: &Atlas, session: &Session, (x, y): (f32, f32), width: f32) -> f32 {
    let times: Vec<f32> = session.live().stages().stages.iter().map(|meter| meter.value() as f32).collect();
    let total: f32 = times.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let texts: Vec<String> =
        Stage::ALL.iter().zip(&times).map(|(stage, time)| format!("{} {time:.1} ms  ", stage.name())).collect();
    let pad = (atlas.line * 0.3).round();
    let length: f32 = texts.iter().map(|text| atlas.measure(text)).sum();
    let (bar, width) = ((atlas.line * 0.6).round(), width.max(length + 2.0 * pad));
    let height = bar + atlas.line + 2.0 * pad;
    panel.rect(x, y, width, height, PLATE);
    let (mut left, mut pen) = (x, x + pad);
    for (i, (text, time)) in texts.iter().zip(&times).enumerate() {
        let [r, g, b] = PALETTE[i % PALETTE.len()].map(|c| f32::from(c) / 255.0);
        let part = width * time / total;
        panel.rect(left, y, part, bar, [r, g, b, 0.9]);
        left += part;
        pen += panel.text(atlas, pen, y + bar + pad, text, [r, g, b, 1.0]);
    }
    height
}
