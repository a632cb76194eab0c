//! One file per kernel: its parameters, bindings, constants, output shape and dispatch size. No wgpu here.
//!
//! A kernel is data: [`Kernel`] says what its WGSL is made of and what it binds, [`Dispatch`] is one call of it with
//! everything decided but the buffers. [`catalogue`] lists them all; CONTRIBUTING tells how to add one.

// What is new is decided wherever something is decided by kind: no arm guesses for it.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod activation;
pub mod avg_pool;
pub mod concat;
pub mod conv;
pub mod decode;
pub mod letterbox;
pub mod local_avg_pool;
pub mod max_pool;
pub mod nms;
pub mod pairs;
pub mod planes;
pub mod rank;
pub mod sam;
pub mod scale_channels;
pub mod shortcut;
pub mod sort;
pub mod sort_merge;
pub mod spp;
pub mod to_rgba;
#[cfg(feature = "train")]
pub mod train;
pub mod upsample;

/// How a kernel sees one binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// A uniform buffer of this many bytes.
    Uniform(usize),
    /// A storage buffer, read only.
    Read,
    /// A storage buffer, read and written.
    ReadWrite,
    /// A sampled 2-D texture of floats, no filtering.
    Texture,
    /// A 2-D texture of RGBA, 8 bits each, written only.
    WriteTexture,
}

/// One binding of group 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The variable's name in WGSL.
    pub name: &'static str,
    /// What is bound.
    pub bind: Bind,
}

/// One file of WGSL that goes into a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Path below `shaders/`.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl Part {
    /// Whether it must stand before all declarations: what it enables is no part of WGSL itself.
    fn is_directive(&self) -> bool {
        self.file == "shared/enable_coop.wgsl"
    }
}

/// A [`Part`] by its path below `shaders/`, read at compile time.
macro_rules! part {
    ($file:literal) => {{
        const WHOLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $file));
        const SLIM: &[u8] = &$crate::kernels::slim::<{ $crate::kernels::slim::<0>(WHOLE).1 }>(WHOLE).0;
        const TEXT: &str = match std::str::from_utf8(SLIM) {
            Ok(text) if cfg!(target_arch = "wasm32") => text,
            // With its lines as they are, so that messages name the right ones.
            _ => WHOLE,
        };
        $crate::kernels::Part { file: $file, text: TEXT }
    }};
}
pub(crate) use part;

/// Whether this is a space beside something that ends a token anyway.
const fn needless(bytes: &[u8], at: usize) -> bool {
    const fn ends(byte: u8) -> bool {
        matches!(byte, b',' | b':' | b';' | b'{' | b'}' | b'(' | b')' | b' ')
    }
    bytes[at] == b' ' && at > 0 && at + 1 < bytes.len() && (ends(bytes[at - 1]) || ends(bytes[at + 1]))
}

/// The first `N` bytes of a text without comments and most spaces, and how many there are: a page is loaded with all texts.
pub(crate) const fn slim<const N: usize>(text: &str) -> ([u8; N], usize) {
    let bytes = text.as_bytes();
    let mut out = [0; N];
    let (mut at, mut len, mut fresh) = (0, 0, true);
    while at < bytes.len() {
        if bytes[at] == b'/' && at + 1 < bytes.len() && bytes[at + 1] == b'/' {
            while at < bytes.len() && bytes[at] != b'\n' {
                at += 1;
            }
        } else if fresh && (bytes[at] == b' ' || bytes[at] == b'\n') || needless(bytes, at) {
            at += 1;
        } else {
            fresh = bytes[at] == b'\n';
            if len < N {
                out[len] = bytes[at];
            }
            len += 1;
            at += 1;
        }
    }
    (out, len)
}

/// A compute kernel, entry point `main`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Name of its file, `shaders/NAME.wgsl`.
    pub name: &'static str,
    /// Name of its twin: `play` of the op's room `src/ops/TWIN.rs`, or `src/oracle/TWIN.rs`.
    pub twin: &'static str,
    /// What its text is made of, the file of its own last.
    pub parts: &'static [Part],
    /// Group 0, in order of binding number.
    pub bindings: &'static [Binding],
    /// Invocations per workgroup.
    pub workgroup: [u32; 3],
}

/// Element type of values and weights on the GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// Stored in 16 bits, summed in 32, or sixteen products at a time in 16 where tuning finds that faster; needs `shader-f16`
    F16,
}

impl Precision {
    /// Bytes per element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }

    /// As the command line spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    const fn prelude(self) -> Part {
        match self {
            Self::F32 => part!("shared/real_f32.wgsl"),
            Self::F16 => part!("shared/real_f16.wgsl"),
        }
    }
}

impl Kernel {
    /// The whole text: directives, prelude, shared parts, kernel.
    pub fn source(&self, precision: Precision) -> String {
        let prelude = precision.prelude();
        let (directives, parts): (Vec<_>, Vec<_>) = self.parts.iter().partition(|part| part.is_directive());
        let all = directives.into_iter().chain([&prelude]).chain(parts);
        all.map(|part| part.text).collect::<Vec<_>>().join("\n")
    }

    /// Whether it needs cooperative matrices.
    pub fn cooperates(&self) -> bool {
        self.parts.iter().any(Part::is_directive)
    }
}

/// One call of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// Which kernel.
    pub kernel: &'static Kernel,
    /// Its `override` constants that differ from the defaults.
    pub constants: Vec<(&'static str, f64)>,
    /// Bytes of binding 0, if that is the call's own uniform buffer.
    pub params: Vec<u8>,
    /// Workgroups in x, y, z.
    pub workgroups: [u32; 3],
}

/// Every kernel there is, each once.
pub fn catalogue() -> Vec<&'static Kernel> {
    let mut all = OTHERS.to_vec();
    #[cfg(feature = "train")]
    all.extend(train::KERNELS);
    for kernel in conv::Variant::ALL.iter().flat_map(|rung| rung.kernels()) {
        // Rungs share some.
        if !all.contains(kernel) {
            all.push(kernel);
        }
    }
    all
}

/// Those that are not convolutions'.
static OTHERS: &[&Kernel] = &[
    &activation::KERNEL,
    &avg_pool::KERNEL,
    &concat::KERNEL,
    &decode::KERNEL,
    &letterbox::KERNEL,
    &local_avg_pool::KERNEL,
    &max_pool::KERNEL,
    &nms::KERNEL,
    &rank::KERNEL,
    &sam::KERNEL,
    &scale_channels::KERNEL,
    &shortcut::KERNEL,
    &sort::KERNEL,
    &sort_merge::KERNEL,
    &spp::KERNEL,
    &to_rgba::KERNEL,
    &upsample::KERNEL,
];
