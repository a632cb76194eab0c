// Sums over a workgroup, in the same order on every device.

const THREADS = 64u;
// Vectors of a plane that are summed before they are added to the others: a long sum loses little then.
const ROUND = 16u * THREADS;

var<workgroup> sh_sum: array<vec4f, THREADS>;

// The sum of what all invocations have.
fn reduce(li: u32, sum: vec4f) -> vec4f {
    workgroupBarrier();
    sh_sum[li] = sum;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if li < half {
            sh_sum[li] += sh_sum[li + half];
        }
        workgroupBarrier();
    }
    return sh_sum[0];
}
