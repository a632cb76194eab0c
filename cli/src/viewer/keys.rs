//! The keys of the viewer: one table for the window, the help and docs/video.md.

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stand still, go on.
    Pause,
    /// One frame back.
    Back,
    /// One frame on.
    Forward,
    /// Fewer boxes.
    ConfUp,
    /// More boxes.
    ConfDown,
    /// Boxes that overlap more are kept.
    NmsUp,
    /// Boxes that overlap are dropped sooner.
    NmsDown,
    /// Figures.
    Hud,
    /// Another network.
    NextModel,
    /// f32 or f16.
    Precision,
    /// A picture.
    Screenshot,
    /// A video.
    Record,
    /// The whole screen.
    FullScreen,
    /// Another camera.
    NextCamera,
    /// Left and right exchanged.
    Mirror,
    /// The keys.
    Help,
    /// The end.
    Quit,
}

impl Action {
    /// Whether a key that is held down does it again and again.
    pub const fn repeats(self) -> bool {
        matches!(self, Self::Back | Self::Forward | Self::ConfUp | Self::ConfDown | Self::NmsUp | Self::NmsDown)
    }
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct KeyBinding {
    /// As the help spells it.
    pub name: &'static str,
    /// The character, or the name that winit gives a key without one.
    pub code: &'static str,
    /// What it does.
    pub action: Action,
    /// What it does, in words for the help.
    pub what: &'static str,
}

const fn key(name: &'static str, code: &'static str, action: Action, what: &'static str) -> KeyBinding {
    KeyBinding { name, code, action, what }
}

/// All of them.
pub const KEYS: &[KeyBinding] = &[
    key("Space", "Space", Action::Pause, "stand still, go on"),
    key("Right", "ArrowRight", Action::Forward, "one frame on"),
    key("Left", "ArrowLeft", Action::Back, "one frame back"),
    key("Up", "ArrowUp", Action::ConfUp, "fewer boxes: score threshold up"),
    key("Down", "ArrowDown", Action::ConfDown, "more boxes: score threshold down"),
    key("PageUp", "PageUp", Action::NmsUp, "boxes may overlap more"),
    key("PageDown", "PageDown", Action::NmsDown, "boxes may overlap less"),
    key("H", "h", Action::Hud, "figures"),
    key("N", "n", Action::NextModel, "next network"),
    key("P", "p", Action::Precision, "f32 or f16"),
    key("S", "s", Action::Screenshot, "write a picture"),
    key("R", "r", Action::Record, "write a video, stop writing"),
    key("F", "f", Action::FullScreen, "full screen"),
    key("C", "c", Action::NextCamera, "next camera"),
    key("M", "m", Action::Mirror, "mirror"),
    key("?", "?", Action::Help, "these keys"),
    key("Q", "q", Action::Quit, "quit; Escape as well"),
];

/// What a key does, by its character in lower case, or its name.
pub fn action(code: &str) -> Option<Action> {
    if code == "Escape" {
        return Some(Action::Quit);
    }
    KEYS.iter().find(|key| key.code == code).map(|key| key.action)
}
