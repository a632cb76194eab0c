//! One error type; every variant names the file, layer, shape or limit that is to blame.

use std::path::{Path, PathBuf};

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a network could not be loaded, planned or played. The text is written for the person at the terminal.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A `.cfg` that cannot be taken as it stands.
    #[error("{}:{line}: {section}: {message}", file.display())]
    Cfg {
        /// The file as the caller named it.
        file: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// The section with its layer number, such as `layer 3 [route]`.
        section: String,
        /// What is wrong, expected against found.
        message: String,
    },
    /// A `.weights` file that does not fit its network.
    #[error("{}: {message}", file.display())]
    Weights {
        /// The file as the caller named it.
        file: PathBuf,
        /// What is wrong, expected against found.
        message: String,
    },
    /// Any other text file (class names, `.data`) that cannot be understood.
    #[error("{}:{line}: {message}", file.display())]
    Text {
        /// The file as the caller named it.
        file: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A graph that cannot be built, or cannot be played as it is.
    #[error("{node}: {message}")]
    Graph {
        /// The node, named after its Darknet layer.
        node: String,
        /// What is wrong, shapes included.
        message: String,
    },
    /// A value or dispatch larger than the adapter allows.
    #[error("{node}: {what} needs {needed}, this adapter allows {allowed}{hint}")]
    Limit {
        /// The node, or the part of the program.
        node: String,
        /// The limit, in words.
        what: String,
        /// What is needed, with its unit.
        needed: String,
        /// What there is, with its unit.
        allowed: String,
        /// What to try, starting with `; `, or empty.
        hint: String,
    },
    /// No adapter answers; the text says how to get a driver.
    #[error("no GPU adapter: {0}")]
    NoAdapter(String),
    /// The device was lost while a program was running.
    #[error("the GPU device was lost: {0}")]
    DeviceLost(String),
    /// The device ran out of memory.
    #[error("the GPU is out of memory ({0}); try a smaller size, or close what else uses it")]
    OutOfMemory(String),
    /// Any other complaint of the GPU stack: a kernel that does not compile, a failed validation.
    #[error("GPU: {0}")]
    Gpu(String),
    /// A picture that cannot be decoded, or is of no use (0 pixels wide, say).
    #[error("{}: {message}", path.display())]
    Image {
        /// The picture.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The operating system refused: no such file, no permission, disk full.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
    /// A file of a model that is neither named nor in the cache.
    #[error("{name} is not in the cache, and was not to be fetched; {url} put at {} by hand is as good", file.display())]
    NotCached {
        /// The model.
        name: String,
        /// Where the file is published.
        url: String,
        /// Where it belongs.
        file: PathBuf,
    },
    /// A cached file that is not what it should be.
    #[error("{}: {message}", file.display())]
    Cache {
        /// The file.
        file: PathBuf,
        /// What is wrong, expected against found, and how to go on.
        message: String,
    },
    /// What a server would not give.
    #[error("{url}: {message}; a copy of that file put at {} by hand is as good", file.display())]
    Fetch {
        /// The address.
        url: String,
        /// What happened, expected against found.
        message: String,
        /// Where the file belongs.
        file: PathBuf,
    },
    /// A camera, a video or a stream that gives no frames, or no more of them.
    #[error("{source_name}: {message}")]
    Source {
        /// Camera, file or address.
        source_name: String,
        /// What happened, and what to do.
        message: String,
    },
    /// The window, or the display below it, went while it was in use.
    #[error("{0}")]
    Display(String),
    /// A result that its format has no words for.
    #[error("{what} cannot be written as {format}: {message}")]
    Format {
        /// What was to be written.
        what: &'static str,
        /// The format, such as `JSON`.
        format: &'static str,
        /// What is wrong, expected against found.
        message: String,
    },
    /// What was asked for cannot be: options that contradict each other or the network, pixels that are fewer than they should be. The
    /// program ends with another code for it.
    #[error("{0}")]
    Usage(String),
}

/// The sentence that [`Display`](std::fmt::Display) writes: it is what `fn main() -> Result<(), Error>` shows.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// What kind of thing went wrong, for programs that tell one from another; the text of the [`Error`] is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file of a network - cfg, weights, names - that cannot be taken as it stands.
    Model,
    /// A network that cannot be built or played as it is.
    Graph,
    /// More than the adapter allows.
    Limit,
    /// No adapter answers.
    NoAdapter,
    /// The device was lost: a new detector may work.
    DeviceLost,
    /// The device ran out of memory.
    OutOfMemory,
    /// Any other complaint of the GPU stack.
    Gpu,
    /// A picture that cannot be decoded.
    Image,
    /// The operating system refused.
    Io,
    /// A file of a model is not in the cache, and was not to be fetched.
    NotCached,
    /// A cached file is not what it should be.
    Cache,
    /// A server would not give a file.
    Fetch,
    /// A camera, a video or a stream gives no frames.
    Source,
    /// The window or its display went.
    Display,
    /// A result that its format has no words for.
    Format,
    /// What was asked for cannot be, whatever the machine: options that contradict each other, pixels that are missing.
    Usage,
}

impl Error {
    /// What kind of thing went wrong.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Cfg { .. } | Self::Weights { .. } | Self::Text { .. } => ErrorKind::Model,
            Self::Graph { .. } => ErrorKind::Graph,
            Self::Limit { .. } => ErrorKind::Limit,
            Self::NoAdapter(_) => ErrorKind::NoAdapter,
            Self::DeviceLost(_) => ErrorKind::DeviceLost,
            Self::OutOfMemory(_) => ErrorKind::OutOfMemory,
            Self::Gpu(_) => ErrorKind::Gpu,
            Self::Image { .. } => ErrorKind::Image,
            Self::Io { .. } => ErrorKind::Io,
            Self::NotCached { .. } => ErrorKind::NotCached,
            Self::Cache { .. } => ErrorKind::Cache,
            Self::Fetch { .. } => ErrorKind::Fetch,
            Self::Source { .. } => ErrorKind::Source,
            Self::Display(_) => ErrorKind::Display,
            Self::Format { .. } => ErrorKind::Format,
            Self::Usage(_) => ErrorKind::Usage,
        }
    }

    /// An [`Error::Io`] for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }

    /// An [`Error::Format`] for `map_err`.
    pub fn format<E: std::fmt::Display>(what: &'static str, format: &'static str) -> impl Fn(E) -> Self {
        move |why| Self::Format { what, format, message: why.to_string() }
    }

    /// An [`Error::Source`].
    pub fn source(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Source { source_name: name.into(), message: message.into() }
    }

    /// An [`Error::Graph`].
    pub fn graph(node: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Graph { node: node.into(), message: message.into() }
    }
}
