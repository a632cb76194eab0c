//! The ladder: which rungs there are, and which one is taken unmeasured.

#[cfg(feature = "train")]
use crate::kernels::conv::pack::Layout;
#[cfg(not(target_arch = "wasm32"))]
use crate::kernels::conv::{coop8, coop16, split_coop8, split_coop16, subgroup, subgroup_few};
use crate::kernels::{
    Kernel,
    conv::{
        Caps, ConvCall, Cost, Places, Problem, Sink, block64, block128, depthwise, direct, guess::Gemm, lanes,
        load::DispatchLoad, packed64, packed128, rung::Rung, split, split_packed, stem, tiled, vector, winograd2,
        winograd4,
    },
};

/// Lists the rungs, and makes the one `match` that tells them apart. No table of functions, so that what a browser never asks
/// a rung is not loaded; nor is a rung behind a `cfg`.
macro_rules! rungs {
    ($($(#[$doc:meta])* $variant:ident = $rung:ty $(, if $cfg:meta)?;)*) => {
        /// The rungs of the ladder, slowest first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Variant {
            $($(#[$doc])* $(#[cfg($cfg)])? $variant,)*
        }

        impl Variant {
            /// All of them.
            pub const ALL: &[Self] = &[$($(#[cfg($cfg)])? Self::$variant,)*];
        }

        /// `$call` of the rung that a variant stands for.
        macro_rules! on_rung {
            ($of:expr, $name:ident => $call:expr) => {
                match $of {
                    $($(#[cfg($cfg)])? Variant::$variant => {
                        type $name = $rung;
                        $call
                    })*
                }
            };
        }
    };
}

rungs! {
    /// By definition: anything at all.
    Direct = direct::Direct;
    /// One input and one output channel per group.
    Depthwise = depthwise::Depthwise;
    /// Up to four input channels.
    Stem = stem::Stem;
    /// Very few output pixels: lanes along the inputs.
    Vector = vector::Vector;
    /// Implicit GEMM without barriers, for software adapters.
    Lanes = lanes::Lanes;
    /// Implicit GEMM through workgroup memory.
    Tiled = tiled::Tiled;
    /// Implicit GEMM with a tile of 64 output channels by 64 pixels in the registers of a workgroup.
    Block64 = block64::Block64;
    /// Implicit GEMM with a tile of 128 output channels by 128 pixels in the registers of a workgroup.
    Block128 = block128::Block128;
    /// The sum of `block64` shared among workgroups: for deep layers of few pixels. Two dispatches.
    Split = split::Split;
    /// `block64` that multiplies two numbers of 16 bits at once.
    Packed64 = packed64::Packed64;
    /// `block128` that multiplies two numbers of 16 bits at once.
    Packed128 = packed128::Packed128;
    /// The sum of `packed64` shared among workgroups. Two dispatches.
    SplitPacked = split_packed::SplitPacked;
    /// Implicit GEMM by cooperative matrices of 8x8.
    Coop8 = coop8::Coop8, if not(target_arch = "wasm32");
    /// Implicit GEMM by cooperative matrices of 16x16.
    Coop16 = coop16::Coop16, if not(target_arch = "wasm32");
    /// The sum of `coop8` shared among workgroups. Two dispatches.
    SplitCoop8 = split_coop8::SplitCoop8, if not(target_arch = "wasm32");
    /// The sum of `coop16` shared among workgroups. Two dispatches.
    SplitCoop16 = split_coop16::SplitCoop16, if not(target_arch = "wasm32");
    /// Implicit GEMM without barriers, weights handed round in subgroups.
    Subgroup = subgroup::Subgroup, if not(target_arch = "wasm32");
    /// Implicit GEMM without barriers, weights handed round in subgroups, for few pixels.
    SubgroupFew = subgroup_few::SubgroupFew, if not(target_arch = "wasm32");
    /// Winograd F(2x2, 3x3): 2.25 times fewer multiplications.
    Winograd2 = winograd2::Winograd2;
    /// Winograd F(4x4, 3x3): 4 times fewer multiplications, and up to a decimal lost in single numbers.
    Winograd4 = winograd4::Winograd4;
}

impl Variant {
    /// As reports and the tuning cache spell it.
    pub const fn name(self) -> &'static str {
        on_rung!(self, R => R::NAME)
    }

    /// Its kernels.
    pub const fn kernels(self) -> &'static [&'static Kernel] {
        on_rung!(self, R => R::KERNELS)
    }

    /// Whether this is an implicit GEMM in one dispatch: it multiplies as often as the definition does.
    pub const fn is_gemm(self) -> bool {
        on_rung!(self, R => R::GEMM)
    }

    /// Whether this may be the fastest on such an adapter.
    pub fn suits(self, caps: &Caps) -> bool {
        on_rung!(self, R => R::suits(caps))
    }

    /// Whether this can do that problem on such an adapter.
    pub fn takes(self, problem: &Problem, caps: &Caps) -> bool {
        on_rung!(self, R => R::takes(problem, caps) && R::fits(problem, caps))
    }

    /// Elements of its packed weights.
    pub fn packed_len(self, problem: &Problem, caps: &Caps) -> usize {
        on_rung!(self, R => R::packed_len(problem, caps))
    }

    /// Weights in the order in which it reads them, from OIHW, in pieces.
    pub fn pack(self, problem: &Problem, caps: &Caps, oihw: &[f32], sink: &mut Sink<'_>) {
        on_rung!(self, R => R::pack(problem, caps, oihw, sink));
    }

    /// How its weights lie, if that is nothing but another order: what training can pack anew after every step.
    #[cfg(feature = "train")]
    pub(crate) fn layout(self, problem: &Problem, caps: &Caps) -> Option<Layout> {
        on_rung!(self, R => R::layout(problem, caps))
    }

    /// Vectors of the values between its calls; see [`crate::kernels::conv::End::Scratch`].
    pub fn scratch(self, problem: &Problem, caps: &Caps) -> [usize; 2] {
        on_rung!(self, R => R::scratch(problem, caps))
    }

    /// Its calls, in order.
    pub fn calls(self, problem: &Problem, caps: &Caps, places: &Places<'_>) -> Vec<ConvCall> {
        on_rung!(self, R => R::calls(problem, caps, places))
    }

    /// What it does and moves for a problem that it takes.
    pub fn cost(self, problem: &Problem, caps: &Caps) -> Cost {
        on_rung!(self, R => R::cost(problem, caps))
    }

    /// The best implicit GEMM of an adapter for an output of so many pixels.
    pub fn gemm(pixels: usize, caps: &Caps) -> Self {
        let name = Gemm::best(pixels, caps).name;
        Self::ALL.iter().copied().find(|rung| rung.name() == name).unwrap_or(Self::Direct)
    }

    /// Microseconds that its dispatches would take on a card of the class of `caps`, as far as a guess goes; the gaps between them are in it.
    pub fn micros(self, problem: &Problem, caps: &Caps) -> f64 {
        let card = caps.class.card();
        let loads: Vec<DispatchLoad> = on_rung!(self, R => R::loads(problem, caps));
        loads.iter().map(|load| load.micros(&card)).sum()
    }

    /// What a card may choose from unmeasured, and the microseconds of each.
    pub fn guesses(problem: &Problem, caps: &Caps) -> Vec<(Self, f64)> {
        let able = |v: &Self| v.takes(problem, caps);
        // The input of a picture has three channels: most of a fragment, or of a deep tile, would be zeros.
        // A tile of 64 pixels would be as empty where there is but one.
        let odd = [Self::Stem, Self::Vector, Self::Depthwise].into_iter().find(able);
        let known: Vec<Self> = match odd {
            Some(odd) => vec![odd],
            None => GEMMS.iter().copied().chain(winograd(problem)).filter(able).collect(),
        };
        known.into_iter().map(|v| (v, v.micros(problem, caps))).collect()
    }

    /// The best variant known for a problem without measuring.
    pub fn choose(problem: &Problem, caps: &Caps) -> Self {
        Self::choose_among(problem, caps, |_| true)
    }

    /// The best of those that are `fit`.
    pub fn choose_among(problem: &Problem, caps: &Caps, fit: impl Fn(Self) -> bool) -> Self {
        if caps.software {
            let mut known = winograd(problem).chain([Self::gemm(problem.pixels(), caps), Self::Lanes, Self::Depthwise]);
            return known.find(|v| fit(*v) && v.takes(problem, caps)).unwrap_or(Self::Direct);
        }
        let known = Self::guesses(problem, caps).into_iter().filter(|(v, _)| fit(*v));
        let best = known.min_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(Self::Direct, |(variant, _)| variant)
    }
}

/// Both, unless the transforms cost more than they save.
fn winograd(problem: &Problem) -> impl Iterator<Item = Variant> {
    let worth = problem.input.c.min(problem.output.c) >= WINOGRAD_CHANNELS && problem.pixels() >= WINOGRAD_PIXELS;
    [Variant::Winograd4, Variant::Winograd2].into_iter().filter(move |_| worth)
}

/// Implicit GEMMs of cards that may be guessed. Sums of 16 bits are not among them: where they are fit to be taken, tuning says.
const GEMMS: &[Variant] = &[
    Variant::Block64,
    Variant::Block128,
    Variant::Split,
    Variant::Tiled,
    #[cfg(not(target_arch = "wasm32"))]
    Variant::Coop8,
    #[cfg(not(target_arch = "wasm32"))]
    Variant::Coop16,
    #[cfg(not(target_arch = "wasm32"))]
    Variant::SplitCoop8,
    #[cfg(not(target_arch = "wasm32"))]
    Variant::SplitCoop16,
];

/// Fewest channels, on either side, for which Winograd is guessed.
const WINOGRAD_CHANNELS: usize = 16;
/// Fewest pixels.
const WINOGRAD_PIXELS: usize = 16;
