// Prelude for f32 storage: the element type of every value and weight.
alias real = f32;
alias real4 = vec4<f32>;
alias real4x4 = mat4x4<f32>;
const REAL_BYTES = 4u;
