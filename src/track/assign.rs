//! Who goes with whom, so that the whole fits best.

/// What a pair would gain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// One side, such as a track.
    pub row: usize,
    /// The other side, such as a detection.
    pub column: usize,
    /// More is better; pairs of 0 or less are never made, nor are those that are not listed.
    pub gain: f64,
}

/// Chooses pairs of greatest total gain, each row and each column in one pair at most; sorted by row. Equal totals are
/// decided by the order of the list, always the same way.
///
/// Rows and columns that no pair connects do not see each other, so each connected part is solved alone: in a scene most
/// parts are a track and its detection. Within a part of `n` by `m` the time is O(n² m) for `n <= m`.
pub fn assign(rows: usize, columns: usize, pairs: &[Pair]) -> Vec<(usize, usize)> {
    let sound = |p: &&Pair| p.gain > 0.0 && p.gain.is_finite() && p.row < rows && p.column < columns;
    let mut parts = Parts::new(rows + columns);
    for pair in pairs.iter().filter(sound) {
        parts.join(pair.row, rows + pair.column);
    }
    let mut sorted: Vec<(usize, Pair)> = pairs.iter().filter(sound).map(|p| (parts.of(p.row), *p)).collect();
    sorted.sort_by_key(|(part, _)| *part);
    let mut chosen = Vec::new();
    for part in sorted.chunk_by(|a, b| a.0 == b.0) {
        solve_part(part, &mut chosen);
    }
    chosen.sort_unstable();
    chosen
}

/// One connected part: to a dense matrix and back.
fn solve_part(part: &[(usize, Pair)], chosen: &mut Vec<(usize, usize)>) {
    if let [(_, only)] = part {
        return chosen.push((only.row, only.column));
    }
    let names = |of: fn(&Pair) -> usize| {
        let mut names: Vec<usize> = part.iter().map(|(_, p)| of(p)).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let (rows, columns) = (names(|p| p.row), names(|p| p.column));
    let turned = rows.len() > columns.len();
    let (few, many) = if turned { (&columns, &rows) } else { (&rows, &columns) };
    let mut cost = vec![0.0; few.len() * many.len()];
    for (_, pair) in part {
        let (a, b) = if turned { (pair.column, pair.row) } else { (pair.row, pair.column) };
        let (a, b) = (few.partition_point(|n| *n < a), many.partition_point(|n| *n < b));
        let cost = &mut cost[a * many.len() + b];
        *cost = f64::min(*cost, -pair.gain);
    }
    for (a, b) in cheapest(few.len(), many.len(), &cost).into_iter().enumerate() {
        if cost[a * many.len() + b] < 0.0 {
            chosen.push(if turned { (many[b], few[a]) } else { (few[a], many[b]) });
        }
    }
}

/// The column of each row, all different, with the least sum of costs; `rows <= columns`, `cost` row by row.
///
/// Shortest augmenting paths (Jonker & Volgenant 1987; Crouse 2016): rows come in one by one, and each finds its place
/// along the cheapest chain of moves of those before it. `u` and `v` are prices that keep every reduced cost at 0 or
/// above, so that the chain is found as Dijkstra finds a way.
fn cheapest(rows: usize, columns: usize, cost: &[f64]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let (mut u, mut v) = (vec![0.0; rows], vec![0.0; columns]);
    let mut row_of = vec![NONE; columns];
    let (mut length, mut from, mut open) = (vec![0.0; columns], vec![NONE; columns], Vec::with_capacity(columns));
    for start in 0..rows {
        length.fill(f64::INFINITY);
        open.clear();
        open.extend(0..columns);
        let mut closed = Vec::new();
        let (mut row, mut last, mut reached) = (start, NONE, 0.0);
        let free = loop {
            let (mut best, mut shortest) = (0, f64::INFINITY);
            for (place, &column) in open.iter().enumerate() {
                let through = reached + cost[row * columns + column] - u[row] - v[column];
                if through < length[column] {
                    length[column] = through;
                    from[column] = last;
                }
                // Among equals a free column ends the search, and otherwise the first one wins.
                let free = row_of[column] == NONE;
                if length[column] < shortest || (length[column] == shortest && free && row_of[open[best]] != NONE) {
                    (best, shortest) = (place, length[column]);
                }
            }
            let column = open.remove(best);
            reached = shortest;
            if row_of[column] == NONE {
                break column;
            }
            closed.push(column);
            (row, last) = (row_of[column], column);
        };
        u[start] += reached;
        for column in closed {
            u[row_of[column]] += reached - length[column];
            v[column] -= reached - length[column];
        }
        let mut column = free;
        while column != NONE {
            let before = from[column];
            row_of[column] = if before == NONE { start } else { row_of[before] };
            column = before;
        }
    }
    let mut column_of = vec![0; rows];
    for (column, &row) in row_of.iter().enumerate().filter(|(_, row)| **row != NONE) {
        column_of[row] = column;
    }
    column_of
}

/// Which things hang together (union by smaller number, with shortened ways).
struct Parts(Vec<usize>);

impl Parts {
    fn new(things: usize) -> Self {
        Self((0..things).collect())
    }

    fn of(&mut self, mut thing: usize) -> usize {
        while self.0[thing] != thing {
            self.0[thing] = self.0[self.0[thing]];
            thing = self.0[thing];
        }
        thing
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b)] = a.min(b);
    }
}
