// uses: shared/enable_coop.wgsl shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/coop.wgsl
// Implicit GEMM by cooperative matrices of 8x8: Metal, and Mesa's software driver. The kernel is `shared/coop.wgsl`.

const SIDE = 8u; // rows and columns of a fragment

alias MatrixA = coop_mat8x8<real, A>;
alias MatrixB = coop_mat8x8<real, B>;
alias MatrixC = coop_mat8x8<f32, C>;
