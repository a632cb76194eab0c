// What the gradients of a convolution share: its shape.

override SIZE: u32 = 3u;        // rows and columns of the kernel
override STRIDE_Y: u32 = 1u;
override STRIDE_X: u32 = 1u;
override PAD: u32 = 1u;         // zero border, in taps
override DILATION: u32 = 1u;    // distance of neighbouring taps
