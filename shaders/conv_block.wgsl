// uses: shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/block.wgsl
// Implicit GEMM for GPUs, multiplied and summed in f32 whatever the storage. The kernel is `shared/block.wgsl`.

alias staged4 = vec4f;
alias staged4x4 = mat4x4f;

const PACKED = false; // sums between two barriers are `staged4`
