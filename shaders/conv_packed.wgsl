// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/block.wgsl
// Implicit GEMM for GPUs that multiply two numbers of 16 bits at once: what lies between two barriers, 16 products at most, is summed
// in the type of the storage, and that in f32. The kernel is `shared/block.wgsl`.

alias staged4 = real4;
alias staged4x4 = real4x4;

const PACKED = true; // sums between two barriers are `staged4`
