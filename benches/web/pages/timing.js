// For those that have no benchmark of their own.

export async function times(count, warmup, frame) {
    const list = [];
    for (let i = 0; i < warmup + count; i += 1) {
        const start = performance.now();
        await frame();
        if (i >= warmup) list.push(performance.now() - start);
    }
    list.sort((a, b) => a - b);
    return { median: (list[(list.length - 1) >> 1] + list[list.length >> 1]) / 2, least: list[0] };
}
