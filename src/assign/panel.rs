//! Panels: many centers against many points, in a working precision.
//!
//! Points are in lanes, as for the direct kernel; a panel is a few centers, interleaved, multiplied by -2 (in floating point) or by -1 (integers) beforehand, so that one
//! broadcast per center and dimension serves all the groups of points in registers:
//!
//! ```text
//!   panel:  c0[0] c1[0] .. c7[0] | c0[1] c1[1] .. c7[1] | ...          8 centers (or 4, see `widest`)
//!   group:  x0[0] x1[0] .. x15[0] | x0[1] ..                            WIDTH points; G = 3 groups, or 2
//!   acc[g][c] = |c|² + sum over i of x_g[i] * (-2 c[i])                 24 accumulators of 32 registers
//! ```
//!
//! Centers in lanes would do as many multiplications, but pad k to a multiple of the vector and end each point
//! with a reduction across lanes. Here k is made up of panels of 8, 4, 2 and 1 and wastes nothing, and a lane meets the
//! centers in ascending order.
//!
//! Tiles multiply sixteen centers with a group, four dimensions by four, so there a panel is one center. They leave the sums of two times sixteen
//! centers and two groups in the nearest cache, from where these are received like the values of a panel.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

use crate::simd::level::Vectors;
use crate::simd::products::{by_two, Element, Screen, TILE, TILES};

/// Groups of points in registers, at most.
pub(crate) const GROUPS: usize = 3;

/// Whether so many registers hold the sums of [`GROUPS`] groups for a panel, and the points. Otherwise they hold those of two
/// (docs/decisions.md#two-groups-in-sixteen-registers).
pub(crate) const fn hold_all(registers: usize) -> bool {
    registers >= 32
}

/// Elements of a point up to which points stay in registers, and centers pass by one at a time.
const FEW: usize = 4;

/// Elements of a point up to which panels are narrower: the least values of each lane are read so often that they have to stay in registers, too.
const SOME: usize = 8;

/// Centers of the widest panel.
const fn widest(registers: usize, elements: usize) -> usize {
    match (registers, elements) {
        (TILES, _) | (_, ..=FEW) => 1,
        (_, ..=SOME) => 4,
        (32, _) => 8,
        _ => 4,
    }
}

/// All centers, packed for one pass.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a, E> {
    /// k times as many elements as a point has: panel after panel.
    pub(crate) data: &'a [E],
    /// What the values of each center start from: a little less than |ĉ|², in floating point (L16). 16-bit integers have two numbers of each: what values start
    /// from, and the unit of the products.
    pub(crate) norms: &'a [E],
}

impl<E: Element> Panels<'_, E> {
    /// How many centers there are.
    pub(crate) fn count(&self) -> usize {
        self.norms.len() / E::NORMS
    }

    /// Some of the centers, of so many elements: whole panels, or up to the last.
    pub(crate) fn part(&self, centers: Range<usize>, elements: usize) -> Panels<'_, E> {
        let Range { start, end } = centers;
        Panels {
            data: &self.data[start * elements..end * elements],
            norms: &self.norms[start * E::NORMS..end * E::NORMS],
        }
    }
}

/// Lays out centers for a kernel with these vectors: calls `fill` with each center's index, its panel, the panel's width
/// and the center's place in it.
pub(super) fn lay_out<E: Element>(
    k: usize,
    elements: usize,
    vectors: Vectors,
    data: &mut [E],
    mut fill: impl FnMut(usize, &mut [E], usize, usize),
) {
    let registers = vectors.registers;
    let (mut first, mut width) = (0, widest(registers, elements));
    while first < k {
        while width > k - first {
            width /= 2;
        }
        let panel = &mut data[first * elements..][..width * elements];
        for c in 0..width {
            fill(first + c, panel, width, c);
        }
        if registers == TILES && !few(elements) {
            E::arrange_center(panel);
        } else if vectors.matrices && !few(elements) {
            by_two(panel, width);
        }
        first += width;
    }
}

/// Whether packed groups are arranged for a [`sweep`].
pub(crate) const fn arranges<S: Screen>() -> bool {
    S::REGISTERS == TILES || S::MATRICES
}

/// Arranges a packed group of points of more elements than [`FEW`] for a [`sweep`].
#[inline(always)]
pub(crate) fn arrange_group<S: Screen>(group: &mut [S::E]) {
    if const { S::REGISTERS == TILES } {
        S::E::arrange_group(group, S::WIDTH);
    } else if const { S::MATRICES } {
        by_two(group, S::WIDTH);
    }
}

/// Receives the values of `G` groups for one center after another, in ascending order.
pub(crate) trait Receive<S: Screen, const G: usize> {
    /// # Safety
    /// The caller is compiled for `S`.
    unsafe fn receive(&mut self, j: usize, values: &[S::V; G]);
}

/// Elements of a panel between two calls of what a sweep is given to do `between`.
const STEP: usize = 16;

/// How often a sweep over so many elements calls that; by matrices once more for each panel, if elements are left over.
pub(crate) fn steps<S: Screen>(elements: usize, k: usize) -> usize {
    if elements <= FEW {
        return 1;
    }
    let panels = match S::REGISTERS {
        TILES => k.div_ceil(2 * TILE),
        registers => {
            // The widest, and then each power of two at most once.
            let width = widest(registers, elements);
            k / width + (k % width).count_ones() as usize
        }
    };
    panels * elements.div_ceil(STEP)
}

/// What a sweep goes over: a chunk of the elements of `G` packed groups of points.
pub(crate) struct Sweep<E> {
    pub(crate) groups: *const E,
    /// Elements of a point in all.
    pub(crate) elements: usize,
    pub(crate) chunk: Range<usize>,
    /// Where the values of each center for the points are kept from chunk to chunk, `G` vectors a center; or null, if there
    /// is only one chunk, and they are not needed afterwards.
    pub(crate) values: *mut E,
}

/// Evaluates the values of `G` groups of points against all centers, and calls `between` every now and then. The values are received
/// after the last chunk.
///
/// # Safety
/// The caller is compiled for `S`; `groups` points to `G` packed groups of a chunk; the panels were packed
/// for as many registers as `S` has, and for centers of `elements`; `values`, if not null, has `G` vectors for every
/// center, and in all chunks but the first, what the last one left there.
#[inline(always)]
pub(crate) unsafe fn sweep<S: Screen, const G: usize, R: Receive<S, G>>(
    over: &Sweep<S::E>,
    panels: &Panels<'_, S::E>,
    receive: &mut R,
    between: impl FnMut(),
) {
    // SAFETY: the contract above.
    unsafe {
        match few(over.elements) {
            true => sweep_few(over, panels, receive, between),
            false => sweep_panels(over, panels, receive, between),
        }
    }
}

/// Whether points are of so few elements that they stay in registers.
pub(crate) fn few(elements: usize) -> bool {
    elements <= FEW
}

/// [`sweep`] over points of at most [`FEW`] elements, without the code for more.
///
/// # Safety
/// That of [`sweep`].
#[inline(always)]
pub(crate) unsafe fn sweep_few<S: Screen, const G: usize, R: Receive<S, G>>(
    over: &Sweep<S::E>,
    panels: &Panels<'_, S::E>,
    receive: &mut R,
    mut between: impl FnMut(),
) {
    // SAFETY: the contract above.
    unsafe {
        match over.elements {
            1 => pass_by::<S, G, 1, R>(over, panels, receive, &mut between),
            2 => pass_by::<S, G, 2, R>(over, panels, receive, &mut between),
            3 => pass_by::<S, G, 3, R>(over, panels, receive, &mut between),
            FEW => pass_by::<S, G, FEW, R>(over, panels, receive, &mut between),
            _ => unreachable!("more elements are packed in panels of several centers"),
        }
    }
}

/// [`sweep`] over points of more elements than [`FEW`], without the code for fewer.
///
/// # Safety
/// That of [`sweep`].
#[inline(always)]
pub(crate) unsafe fn sweep_panels<S: Screen, const G: usize, R: Receive<S, G>>(
    over: &Sweep<S::E>,
    panels: &Panels<'_, S::E>,
    receive: &mut R,
    mut between: impl FnMut(),
) {
    debug_assert!(over.elements > FEW, "fewer are packed in panels of one");
    let between = &mut between;
    let k = panels.count();
    let mut first = 0;
    // SAFETY: panels of the widest width as long as they fit, then of half, and so on: as they were packed.
    unsafe {
        if const { S::REGISTERS == TILES } {
            return sweep_tiles(over, panels, receive, between);
        }
        if widest(S::REGISTERS, over.elements) == 8 {
            while first + 8 <= k {
                panel::<S, G, 8, R>(over, panels, first, receive, between);
                first += 8;
            }
        }
        while first + 4 <= k {
            panel::<S, G, 4, R>(over, panels, first, receive, between);
            first += 4;
        }
        if first + 2 <= k {
            panel::<S, G, 2, R>(over, panels, first, receive, between);
            first += 2;
        }
        if first < k {
            panel::<S, G, 1, R>(over, panels, first, receive, between);
        }
    }
}

/// Sums of products of two times [`TILE`] centers with two groups of the widest vectors.
#[repr(align(64))]
struct Sums<E>([MaybeUninit<E>; 2 * TILE * 2 * 16]);

/// [`sweep_panels`] by tiles.
///
/// # Safety
/// That of [`sweep`].
#[inline(always)]
unsafe fn sweep_tiles<S: Screen, const G: usize, R: Receive<S, G>>(
    over: &Sweep<S::E>,
    panels: &Panels<'_, S::E>,
    receive: &mut R,
    between: &mut impl FnMut(),
) {
    let (k, elements) = (panels.count(), over.elements);
    assert!(G <= 2 && S::WIDTH <= 16 && k > 0);
    assert!(
        over.chunk == (0..elements),
        "tiles take all dimensions at once"
    );
    let rows = k.min(TILE);
    let stride = (elements + S::E::SIDES) * S::WIDTH;
    // SAFETY: the contract; a panel is a center. The tiles are of as many rows and elements as are multiplied, and released whatever happens meanwhile.
    // There is room for the sums, and those that are read were written. The sides of a group follow its elements.
    unsafe {
        let _tiles = Tiles::<S>::of(rows, elements);
        let mut sums = Sums::<S::E>([const { MaybeUninit::uninit() }; 2 * TILE * 2 * 16]);
        let sums = sums.0.as_mut_ptr().cast::<S::E>();
        let groups = core::array::from_fn::<_, G, _>(|g| over.groups.add(g * stride));
        for first in (0..k).step_by(2 * TILE) {
            for _ in 0..elements.div_ceil(STEP) {
                between();
            }
            let end = k.min(first + 2 * TILE);
            // Of the last centers, less than a tile, those before them are multiplied once more.
            let [a, b] = [first, first + TILE].map(|start| start.min(k - rows));
            let center = |j: usize| panels.data.as_ptr().add(j * elements);
            match end - first > TILE {
                true => S::multiply([center(a), center(b)], groups, rows, elements, sums),
                false => S::multiply([center(a)], groups, rows, elements, sums),
            }
            for j in first..end {
                let place = match j < first + TILE {
                    true => j - a,
                    false => TILE + j - b,
                };
                let norms = panels.norms.as_ptr().add(j * S::E::NORMS);
                let mut values = [S::splat(S::E::default()); G];
                for (g, value) in values.iter_mut().enumerate() {
                    let sides = groups[g].add(elements * S::WIDTH);
                    let sum = S::load(sums.add((place * G + g) * S::WIDTH));
                    *value = S::join(sum, S::begin(norms, sides));
                }
                let mut deliver = Deliver {
                    over,
                    first: j,
                    norms,
                    receive,
                };
                deliver.values::<S, G>(0, &mut values);
            }
        }
    }
}

/// The CPU, prepared for products by tiles until this is dropped.
struct Tiles<S: Screen>(PhantomData<S>);

impl<S: Screen> Tiles<S> {
    /// # Safety
    /// The caller is compiled for `S`; rows are 1 to [`TILE`]; nothing else prepares the CPU or leaves it as it was until this is dropped.
    #[inline(always)]
    unsafe fn of(rows: usize, elements: usize) -> Self {
        // SAFETY: the contract.
        unsafe { S::get_ready(rows, elements) };
        Tiles(PhantomData)
    }
}

impl<S: Screen> Drop for Tiles<S> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: whoever made this vouches for the instructions.
        unsafe { S::finish_up() }
    }
}

#[inline(always)]
unsafe fn panel<S: Screen, const G: usize, const C: usize, R: Receive<S, G>>(
    over: &Sweep<S::E>,
    panels: &Panels<'_, S::E>,
    first: usize,
    receive: &mut R,
    between: &mut impl FnMut(),
) {
    // SAFETY: the panel is C times `elements` from first * elements on, of which the chunk is C times its length; the groups
    // are G times as many vectors as the chunk is long; the values of the panel's centers are C G vectors.
    unsafe {
        let Sweep {
            groups,
            elements,
            chunk: Range { start, end },
            ..
        } = *over;
        let length = end - start;
        let panel = panels.data.as_ptr().add(first * elements + start * C);
        let norms = panels.norms.as_ptr().add(first * S::E::NORMS);
        let stride = length + S::E::SIDES;
        let mut acc = [[S::splat(S::E::default()); G]; C];
        let mut i = 0;
        if const { S::MATRICES } {
            i = length & !1;
            matrices::<S, G, C>(groups, stride, panel, i, &mut acc, between);
        }
        if start == 0 {
            for (c, acc) in acc.iter_mut().enumerate() {
                for (g, acc) in acc.iter_mut().enumerate() {
                    let sides = groups.add((g * stride + length) * S::WIDTH);
                    let begin = S::begin(norms.add(c * S::E::NORMS), sides);
                    *acc = match S::MATRICES {
                        true => S::join(*acc, begin),
                        false => begin,
                    };
                }
            }
        }
        while i < length {
            between();
            let stop = length.min(i + STEP);
            while i < stop {
                let mut x = [acc[0][0]; G];
                for (g, x) in x.iter_mut().enumerate() {
                    *x = S::load(groups.add((g * stride + i) * S::WIDTH));
                }
                for (c, acc) in acc.iter_mut().enumerate() {
                    let b = S::splat(*panel.add(i * C + c));
                    for g in 0..G {
                        acc[g] = S::mul_add(x[g], b, acc[g]);
                    }
                }
                i += 1;
            }
        }
        // Written out: the compiler would not unroll so long a loop, and would keep `acc` in memory.
        let mut deliver = Deliver {
            over,
            first,
            norms,
            receive,
        };
        deliver.values::<S, G>(0, &mut acc[0]);
        if C > 1 {
            deliver.values::<S, G>(1, &mut acc[1]);
        }
        if C > 2 {
            deliver.values::<S, G>(2, &mut acc[2]);
            deliver.values::<S, G>(3, &mut acc[3]);
        }
        if C > 4 {
            deliver.values::<S, G>(4, &mut acc[4]);
            deliver.values::<S, G>(5, &mut acc[5]);
            deliver.values::<S, G>(6, &mut acc[6]);
            deliver.values::<S, G>(7, &mut acc[7]);
        }
    }
}

/// Adds the products of the first elements of a panel and of the groups, which lie by two: so many, an even number.
///
/// # Safety
/// That of [`panel`], for vectors that are matrices; the groups are `stride` vectors apart. Nothing was added to the sums.
#[inline(always)]
unsafe fn matrices<S: Screen, const G: usize, const C: usize>(
    groups: *const S::E,
    stride: usize,
    panel: *const S::E,
    length: usize,
    acc: &mut [[S::V; G]; C],
    between: &mut impl FnMut(),
) {
    // A vector is two elements of two points, or of two centers.
    const { assert!(!S::MATRICES || S::WIDTH == 4) }
    // SAFETY: two elements of a group are two vectors, the first of its first two points; those of two centers of a panel, or of its only one twice, are a
    // vector. All of them are below the length.
    unsafe {
        // Those of the first two points with centers c and c + 1 are at c, and those of the other two at c + 1, or here, if there is one center.
        let mut alone = [acc[0][0]; G];
        let mut i = 0;
        while i < length {
            between();
            let stop = length.min(i + STEP);
            while i < stop {
                // Centers stay in registers, and groups pass by: this takes two registers fewer than the other way round.
                let mut b = [acc[0][0]; C];
                if C == 1 {
                    b[0] = S::load_two(panel.add(i));
                } else {
                    for (c, b) in b.iter_mut().enumerate().take(C / 2) {
                        *b = S::load(panel.add(i * C + 4 * c));
                    }
                }
                for g in 0..G {
                    let at = groups.add((g * stride + i) * S::WIDTH);
                    let x = [S::load(at), S::load(at.add(S::WIDTH))];
                    if C == 1 {
                        acc[0][g] = S::multiply_two(x[0], b[0], acc[0][g]);
                        alone[g] = S::multiply_two(x[1], b[0], alone[g]);
                    } else {
                        let twos = acc.as_chunks_mut().0.iter_mut().zip(&b);
                        for ([first, others], &b) in twos {
                            first[g] = S::multiply_two(x[0], b, first[g]);
                            others[g] = S::multiply_two(x[1], b, others[g]);
                        }
                    }
                }
                i += 2;
            }
        }
        if C == 1 {
            for g in 0..G {
                [acc[0][g], _] = S::part(acc[0][g], alone[g]);
            }
        } else {
            for [first, others] in acc.as_chunks_mut().0 {
                for (first, others) in first.iter_mut().zip(others) {
                    [*first, *others] = S::part(*first, *others);
                }
            }
        }
    }
}

/// Hands on the values of a panel.
struct Deliver<'a, E, R> {
    over: &'a Sweep<E>,
    first: usize,
    norms: *const E,
    receive: &'a mut R,
}

impl<E: Element, R> Deliver<'_, E, R> {
    /// Those of center `c` of the panel: to memory, if they are kept, and to the receiver, if they are complete.
    ///
    /// # Safety
    /// That of [`sweep`].
    #[inline(always)]
    unsafe fn values<S: Screen<E = E>, const G: usize>(&mut self, c: usize, acc: &mut [S::V; G])
    where
        R: Receive<S, G>,
    {
        let j = self.first + c;
        let Range { start, end } = self.over.chunk;
        let length = end - start;
        // SAFETY: the values of center j are G vectors from j G vectors on; the sides of a group come after the chunk, its norms
        // are those of the panel's center c.
        unsafe {
            for (g, acc) in acc.iter_mut().enumerate() {
                let at = (g * (length + E::SIDES) + length) * S::WIDTH;
                let norm = self.norms.add(c * E::NORMS);
                *acc = S::finish(*acc, norm, self.over.groups.add(at));
            }
            if !self.over.values.is_null() {
                for (g, acc) in acc.iter_mut().enumerate() {
                    let at = self.over.values.add((j * G + g) * S::WIDTH);
                    if start > 0 {
                        *acc = S::add(*acc, S::load(at));
                    }
                    S::store(at, *acc);
                }
            }
            if end == self.over.elements {
                self.receive.receive(j, acc);
            }
        }
    }
}

/// The sweep over points of so few elements that they stay in registers, and centers pass by, one after the other.
#[inline(always)]
unsafe fn pass_by<S: Screen, const G: usize, const D: usize, R: Receive<S, G>>(
    over: &Sweep<S::E>,
    panels: &Panels<'_, S::E>,
    receive: &mut R,
    between: &mut impl FnMut(),
) {
    between();
    let stride = D + S::E::SIDES;
    // SAFETY: the groups are G times D vectors and their sides; each center has D elements.
    unsafe {
        let mut x = [[S::splat(S::E::default()); D]; G];
        for (g, x) in x.iter_mut().enumerate() {
            for (i, x) in x.iter_mut().enumerate() {
                *x = S::load(over.groups.add((g * stride + i) * S::WIDTH));
            }
        }
        let centers = panels.data.chunks_exact(D);
        let norms = panels.norms.chunks_exact(S::E::NORMS);
        let sides = |g: usize| over.groups.add((g * stride + D) * S::WIDTH);
        for (j, (center, norm)) in centers.zip(norms).enumerate() {
            let mut acc = [x[0][0]; G];
            for (g, acc) in acc.iter_mut().enumerate() {
                *acc = S::begin(norm.as_ptr(), sides(g));
            }
            for (i, &c) in center.iter().enumerate() {
                let c = S::splat(c);
                for g in 0..G {
                    acc[g] = S::mul_add(x[g][i], c, acc[g]);
                }
            }
            for (g, acc) in acc.iter_mut().enumerate() {
                *acc = S::finish(*acc, norm.as_ptr(), sides(g));
            }
            receive.receive(j, &acc);
        }
    }
}

#[cfg(test)]
mod tests;
