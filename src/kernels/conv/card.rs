//! Classes of GPUs, as far as a guess needs them: numbers that their makers publish, of one card of each class; latency and gap are assumed.

/// What kind of GPU it is. Cards of one class differ in size more than a guess can know: tuning has the last word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum CardClass {
    /// AMD's of 2020: RX 6900 XT. What a card is taken for that does not say what it is, as in browsers.
    #[default]
    Rdna2,
    /// AMD's of 2022: RX 7900 XTX
    Rdna3,
    /// NVIDIA's: RTX 3080
    Ampere,
    /// Intel's cards: Arc A770
    Dg2,
    /// Apple's: M1
    Apple,
    /// A processor's own: Intel UHD 770
    Integrated,
}

/// A card in numbers. A *SIMD* is what has registers and a scheduler of its own, whatever its maker calls it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    pub simds: f64,
    /// Invocations that go together.
    pub wave: f64,
    /// Of them, those that a SIMD multiplies and adds for in a clock.
    pub lanes: f64,
    pub ghz: f64,
    /// Registers of all waves of a SIMD, by lane.
    pub registers: f64,
    /// Bytes of workgroup memory a clock and SIMD.
    pub shared: f64,
    /// Operations of cooperative matrices of f16, summed in f32, a clock and SIMD.
    pub matrix: f64,
    /// GB/s of its memory.
    pub bandwidth: f64,
    /// Bytes of its last cache, and GB/s of that; none where nobody says how fast it is.
    pub cache: (f64, f64),
    /// Clocks until something comes from it. No maker says: assumed, as is the next.
    pub latency: f64,
    /// Microseconds from one dispatch to the next that reads what it wrote.
    pub gap: f64,
}

impl Card {
    /// Microseconds to move so many bytes.
    pub fn moving(&self, bytes: f64) -> f64 {
        let (size, speed) = self.cache;
        bytes / 1e3 / if bytes <= size { speed } else { self.bandwidth }
    }
}

impl CardClass {
    /// The class of an adapter of that name and kind (`discrete`, `integrated`, ..).
    pub fn of(name: &str, kind: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if any(&["apple"]) {
            Self::Apple
        } else if any(&["nvidia", "geforce", "quadro", "tesla", "rtx", "gtx"]) {
            Self::Ampere
        } else if kind == "integrated" {
            Self::Integrated
        } else if any(&["intel"]) {
            Self::Dg2
        } else if any(&["rx 7", "rx 9", "pro w7", "navi3", "navi4", "gfx11", "gfx12"]) {
            Self::Rdna3
        } else {
            Self::Rdna2
        }
    }

    pub(super) const fn card(self) -> Card {
        let all = Card {
            simds: 160.0,
            wave: 64.0,
            lanes: 32.0,
            ghz: 2.25,
            registers: 512.0,
            shared: 64.0,
            matrix: 0.0,
            bandwidth: 512.0,
            cache: (0.0, 1.0),
            latency: 330.0,
            gap: 3.0,
        };
        match self {
            // 80 compute units of two SIMDs; 128 bytes of LDS a clock and compute unit; 128 MB of Infinity Cache.
            Self::Rdna2 => Card { cache: (128e6, 1987.0), ..all },
            // 96 compute units; a wave of 64 in one clock; half as many registers again; 512 operations of WMMA a clock and unit.
            Self::Rdna3 => Card {
                simds: 192.0,
                lanes: 64.0,
                ghz: 2.5,
                registers: 768.0,
                matrix: 256.0,
                bandwidth: 960.0,
                cache: (96e6, 3500.0),
                ..all
            },
            // 68 SMs of four partitions; 128 bytes of shared memory a clock and SM; 59.5 TFLOP/s of f16 summed in f32.
            Self::Ampere => {
                Card { simds: 272.0, wave: 32.0, ghz: 1.71, shared: 32.0, matrix: 128.0, bandwidth: 760.0, ..all }
            }
            // 32 cores of 16 vector engines with 8 lanes, of 8 threads with 128 registers; 128 bytes a clock and core.
            Self::Dg2 => Card {
                simds: 512.0,
                wave: 8.0,
                lanes: 8.0,
                ghz: 2.1,
                registers: 1024.0,
                shared: 8.0,
                bandwidth: 560.0,
                ..all
            },
            // 8 cores of four schedulers with 32 lanes: 2.6 TFLOP/s. Its matrices go no faster than its lanes.
            Self::Apple => {
                Card { simds: 32.0, wave: 32.0, ghz: 1.27, shared: 32.0, matrix: 64.0, bandwidth: 68.0, ..all }
            }
            // 32 units of 8 lanes with 7 threads; memory of the processor.
            Self::Integrated => Card {
                simds: 32.0,
                wave: 8.0,
                lanes: 8.0,
                ghz: 1.55,
                registers: 896.0,
                shared: 8.0,
                bandwidth: 76.0,
                ..all
            },
        }
    }

    /// Microseconds of a dispatch that only moves so many bytes, the gap before the next one included.
    pub fn moving(self, bytes: usize) -> f64 {
        let card = self.card();
        card.moving(bytes as f64) + card.gap
    }
}
