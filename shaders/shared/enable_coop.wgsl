// Stands before everything else of a text: directives come first.
enable wgpu_cooperative_matrix;
