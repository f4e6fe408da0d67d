use super::*;
use crate::assign::lemmas::Rng;
use crate::simd::products::Pair;
use crate::simd::{Capability, InstructionSet, Kernel, Lanes, Level, ScreenKernel, Vectorized};

/// An element, what it is made of, and what values are to be.
trait Integer: Element + Vectorized {
    fn of(bits: i32) -> Self;
    fn bits(self) -> i32;
    /// What values are for a sum of products, with these norms and sides.
    fn value(sum: i32) -> i32;
    /// The products of an element of a point with one of a center, if products subtract so much from points.
    fn product(x: i32, c: i32, subtracted: i32) -> i32;
    /// Norms with which values are sums and something more, and sides.
    fn norms(any: i32) -> (Vec<Self>, i32);
    fn sides(any: i32, width: usize) -> (Vec<Self>, i32);
}

impl Integer for i32 {
    fn of(bits: i32) -> i32 {
        bits
    }
    fn bits(self) -> i32 {
        self
    }
    fn value(sum: i32) -> i32 {
        sum
    }
    fn product(x: i32, c: i32, subtracted: i32) -> i32 {
        let (x, c) = (x.to_le_bytes(), c.to_le_bytes());
        let byte = |x: u8| i32::from(x) - subtracted;
        (0..4).map(|i| byte(x[i]) * i32::from(c[i] as i8)).sum()
    }
    fn norms(any: i32) -> (Vec<i32>, i32) {
        (vec![any >> 4], any >> 4)
    }
    fn sides(_: i32, _: usize) -> (Vec<i32>, i32) {
        (Vec::new(), 0)
    }
}

impl Integer for Pair {
    fn of(bits: i32) -> Pair {
        Pair(bits)
    }
    fn bits(self) -> i32 {
        self.0
    }
    fn value(sum: i32) -> i32 {
        Pair::of(sum as f32).0
    }
    fn product(x: i32, c: i32, _: i32) -> i32 {
        let product = |by: i32| i32::from((x >> by) as i16) * i32::from((c >> by) as i16);
        product(0).wrapping_add(product(16))
    }
    fn norms(_: i32) -> (Vec<Pair>, i32) {
        (vec![Pair::of(0.0), Pair::of(1.0)], 0)
    }
    fn sides(any: i32, width: usize) -> (Vec<Pair>, i32) {
        let starts = vec![Pair(any); width];
        ([starts, vec![Pair::of(1.0); width]].concat(), any)
    }
}

/// All values, lane by lane, as they are received.
struct All(Vec<i32>);

impl<S: Screen<E: Integer>, const G: usize> Receive<S, G> for All {
    unsafe fn receive(&mut self, _: usize, values: &[S::V; G]) {
        for &value in values {
            let mut lanes = [S::E::default(); 16];
            // SAFETY: there is room for the widest vector, and the caller has the instruction set.
            unsafe { S::store(lanes.as_mut_ptr(), value) };
            self.0.extend(lanes[..S::WIDTH].iter().map(|x| x.bits()));
        }
    }
}

/// Values of random integers by the vectors that a level has for tests in them.
struct Compare<E> {
    k: usize,
    elements: usize,
    groups: usize,
    of: PhantomData<E>,
}

impl<E: Integer> Kernel for Compare<E> {
    type Out = Option<()>;
    const PRODUCTS: bool = true;
    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> Option<()> {
        // SAFETY: the contract.
        unsafe { E::Vectors::<I>::run::<I::Lanes, _>(self) }
    }
}

impl<E: Integer> ScreenKernel<E> for Compare<E> {
    type Out = ();
    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = E>>(self) {
        // SAFETY: the contract.
        unsafe {
            match self.groups {
                1 => self.compare::<S, 1>(),
                2 => self.compare::<S, 2>(),
                _ => self.compare::<S, 3>(),
            }
        }
    }
}

impl<E: Integer> Compare<E> {
    /// Compares what a sweep receives and keeps with sums of products one by one.
    #[inline(always)]
    unsafe fn compare<S: Screen<E = E>, const G: usize>(&self) {
        let Compare { k, elements, .. } = *self;
        let (width, few) = (S::WIDTH, elements <= FEW);
        let mut rng = Rng((k * 1000 + elements) as u64);
        let mut any =
            |count: usize| -> Vec<i32> { (0..count).map(|_| rng.next() as i32).collect() };
        let (points, centers) = (any(G * elements * width), any(k * elements));
        let (of_centers, of_groups) = (any(k), any(G));
        let mut groups = Vec::new();
        for (points, &any) in points.chunks(elements * width).zip(&of_groups) {
            let mut group: Vec<E> = points.iter().map(|&x| E::of(x)).collect();
            if !few {
                arrange_group::<S>(&mut group);
            }
            groups.extend(group);
            groups.extend(E::sides(any, width).0);
        }
        let norms: Vec<E> = of_centers.iter().flat_map(|&any| E::norms(any).0).collect();
        let mut data = vec![E::default(); k * elements];
        let fill = |j: usize, panel: &mut [E], width: usize, c: usize| {
            let places = panel[c..].iter_mut().step_by(width);
            for (place, &element) in places.zip(&centers[j * elements..][..elements]) {
                *place = E::of(element);
            }
        };
        lay_out(k, elements, Vectors::of::<S>(), &mut data, fill);
        let mut values = vec![E::default(); k * G * width];
        let over = Sweep {
            groups: groups.as_ptr(),
            elements,
            chunk: 0..elements,
            values: values.as_mut_ptr(),
        };
        let panels = Panels {
            data: &data,
            norms: &norms,
        };
        let (mut all, mut calls) = (All(Vec::new()), 0);
        // SAFETY: the caller is compiled for the vectors; there are groups, panels and values of these sizes.
        unsafe { sweep::<S, G, _>(&over, &panels, &mut all, || calls += 1) };
        let expected: Vec<i32> = (0..k * G * width)
            .map(|at| {
                let (j, g, lane) = (at / (G * width), at / width % G, at % width);
                let mut sum = E::norms(of_centers[j]).1;
                sum = sum.wrapping_add(E::sides(of_groups[g], width).1);
                for e in 0..elements {
                    let x = points[(g * elements + e) * width + lane];
                    let c = centers[j * elements + e];
                    sum = sum.wrapping_add(E::product(x, c, 128 - S::OFFSET));
                }
                E::value(sum)
            })
            .collect();
        let what = format!("k {k}, {elements} elements, {G} groups");
        assert!(all.0 == expected, "{what}");
        let kept = || values.iter().map(|value| value.bits());
        assert!(few || kept().eq(expected), "kept: {what}");
        let steps = steps::<S>(elements, k);
        assert!(calls == steps || S::MATRICES && calls > steps, "{what}");
    }
}

fn compare_all<E: Integer>() {
    for level in Level::here() {
        let Some(vectors) = level.vectors::<E>() else {
            continue;
        };
        let most_groups = if hold_all(vectors.registers) { 3 } else { 2 };
        for elements in [
            1, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 196, 512,
        ] {
            for k in [
                1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65,
            ] {
                for groups in 1..=most_groups {
                    level.run(Compare::<E> {
                        k,
                        elements,
                        groups,
                        of: PhantomData,
                    });
                }
            }
        }
    }
}

/// Sums of products are what they are said to be, around every number of centers and of elements that is treated on its own.
#[test]
fn products_of_bytes() {
    compare_all::<i32>();
}

#[test]
fn products_of_words() {
    compare_all::<Pair>();
}
