// Prelude for f16 storage; sums and activations stay in f32.
enable f16;
alias real = f16;
alias real4 = vec4<f16>;
alias real4x4 = mat4x4<f16>;
const REAL_BYTES = 2u;
