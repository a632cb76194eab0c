//! Cooperative matrices: which an adapter lists, and which of them the kernels can use.

use crate::kernels::{Precision, conv::Coop};

/// Rows of an adapter's cooperative matrices, of those that are square and whose products can be summed in f32.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct CoopSides {
    /// Of 16-bit elements.
    pub f16: Vec<u32>,
    /// Of 32-bit elements.
    pub f32: Vec<u32>,
}

impl CoopSides {
    pub(super) fn new(offered: &[wgpu::CooperativeMatrixProperties]) -> Self {
        let of = |element| {
            let usable = offered.iter().filter(|p| {
                let square = p.m_size == p.n_size && p.n_size == p.k_size;
                square && p.ab_type == element && p.cr_type == wgpu::CooperativeScalarType::F32
            });
            let mut sides: Vec<u32> = usable.map(|p| p.m_size).collect();
            sides.sort_unstable();
            sides.dedup();
            sides
        };
        Self { f16: of(wgpu::CooperativeScalarType::F16), f32: of(wgpu::CooperativeScalarType::F32) }
    }

    /// Those whose elements are values in this storage.
    pub fn of(&self, precision: Precision) -> &[u32] {
        match precision {
            Precision::F16 => &self.f16,
            Precision::F32 => &self.f32,
        }
    }

    /// What they are to kernels on an adapter of this backend, with subgroups from the smallest to the largest.
    pub(super) fn caps(&self, precision: Precision, backend: &str, subgroup: (u32, u32)) -> Coop {
        let sides = self.of(precision);
        let lanes = match subgroup {
            // Metal promises nothing of its subgroups, but whoever has these matrices has 32 lanes.
            _ if backend == "metal" => 32,
            // Where a driver may choose, four of the largest are as many of any.
            (_, most) => most,
        };
        Coop { eight: sides.contains(&8), sixteen: sides.contains(&16), lanes }
    }
}
