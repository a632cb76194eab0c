// uses: shared/enable_coop.wgsl shared/activation.wgsl shared/conv.wgsl shared/taps.wgsl shared/coop.wgsl
// Implicit GEMM by cooperative matrices of 16x16: NVIDIA's and AMD's cards on Vulkan. The kernel is `shared/coop.wgsl`.

const SIDE = 16u; // rows and columns of a fragment

alias MatrixA = coop_mat16x16<real, A>;
alias MatrixB = coop_mat16x16<real, B>;
alias MatrixC = coop_mat16x16<f32, C>;
