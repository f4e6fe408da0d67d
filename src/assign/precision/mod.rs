//! The precisions that labels are proven in.
//!
//! Vectors are shifted by a fixed μ and scaled: X = s (x - μ), C_j = s (c_j - μ). A test evaluates, for every center, a value that
//! is s² D(x, c_j) less a term of x alone, within a proven error, and keeps the least and the second least. Where they are farther
//! apart than the point's *error bound*, the label is proven; else the nearest center is among those whose values are within the
//! error bound of the least, and D decides. Where D of the center of the least value is known, its error is none, and less is within
//! the bound (L10).
//!
//! A precision is a file. It says how points and centers are coded, what is evaluated, the error bound with its lemma, for which
//! shapes and passes it is worthwhile, and has its tests:
//!
//! | precision | evaluated | lemmas |
//! |---|---|---|
//! | `int8` | T̂_j = round(\|C_j\|² s / 2 r) - X̂·Ĉ_j, in integers | L4 |
//! | `int16` | V_j ≈ K_j - (X̂·Ĉ_j + e) u w_j, a lower bound | L5, L7 |
//! | `float` | Ŝ_j ≈ \|ĉ_j\|² - 2 x̂·ĉ_j, a little less | L2, L3, L6, L16, L17, L18 |
//! | `sparse` | the same from the stored coordinates of sparse rows | L51 |
//!
//! [`Precision`] is what such a file provides, and the list at the end of this one, from the cheapest that may leave much open to
//! the surest, makes a pass try it: a new precision is a file and a line in that list. [`fallback`](super::fallback) says when a pass goes from one to
//! another.

mod definition;
mod float;
mod int16;
mod int8;
mod sparse;

use core::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use definition::{Allowance, CodedCenters, Precision};
pub(super) use definition::{BlockRows, PassCenters};
pub(crate) use float::Certificate;
use float::{Double, Single};
use int16::Int16;
pub(super) use int16::{code_block, code_center, far_root, near_root, CenterNorms, Int16Bound};
use int8::Int8;
pub(crate) use int8::{pack_centers as pack_int8, Int8Centers, Int8Packing};
use sparse::Sparse;
pub(crate) use sparse::{products, width, Products};

use super::costs::too_few_to_prepare;
use super::screen::{self, ScreenResult};
use crate::call::{Job, Shape};
use crate::points::Which;
use crate::quantize::int16::Int16Rows;
use crate::runtime::workspace::{spoil, Cut};
use crate::simd::products::Element;

/// What one thread tests a block with, in one precision.
struct Room<'w, E> {
    tile: &'w mut [E],
    values: &'w mut [E],
    error_bounds: &'w mut [E],
    least: &'w mut [E],
}

impl<'w, E: Element> Room<'w, E> {
    /// For a block, or, where this precision is not `wanted`, none.
    fn cut<P: Precision<Element = E>>(
        from: &mut impl Cut<'w>,
        shape: &Shape,
        wanted: bool,
    ) -> Self {
        let block = shape.block;
        let [tile, values] = P::room(shape);
        let room = |length: usize| if wanted { length } else { 0 };
        Room {
            tile: from.take(room(tile)),
            values: from.take(room(values)),
            error_bounds: from.take(room(block)),
            least: from.take(room(block)),
        }
    }

    fn forget(&mut self) {
        spoil(self.tile, E::INFINITY);
        spoil(self.values, E::default());
        spoil(self.error_bounds, E::default());
        spoil(self.least, E::default());
    }

    fn scratch<'a>(&'a mut self, results: Results<'a>) -> screen::ScreenScratch<'a, E> {
        let Results {
            labels,
            margins,
            open,
            most_evaluated,
            next,
        } = results;
        screen::ScreenScratch {
            tile: self.tile,
            values: self.values,
            error_bounds: self.error_bounds,
            least: self.least,
            open,
            most_evaluated,
            labels,
            margins,
            next,
        }
    }
}

/// Where the results of a test go, and what it may cost (see [`screen::ScreenScratch`]).
pub(super) struct Results<'a> {
    pub(super) labels: &'a mut [i32],
    pub(super) margins: &'a mut [f32],
    pub(super) open: &'a mut [u32],
    pub(super) most_evaluated: u32,
    pub(super) next: Range<usize>,
}

/// A value that the first thread to need it makes, in memory that was reserved for it.
struct Lazy<T, R> {
    made: OnceLock<T>,
    room: Mutex<Option<R>>,
}

impl<T, R> Lazy<T, R> {
    fn new(room: R) -> Self {
        Lazy {
            made: OnceLock::new(),
            room: Mutex::new(Some(room)),
        }
    }

    fn get(&self, make: impl FnOnce(R) -> T) -> &T {
        self.made.get_or_init(|| {
            let room = self
                .room
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            make(room.expect("made once"))
        })
    }
}

/// A precision's centers, once they are wanted; none where it is not worthwhile, or they are out of range.
type LazyCenters<'a, 'w, P> =
    Lazy<Option<<P as Precision>::Ready<'a>>, &'a mut CodedCenters<'w, <P as Precision>::Element>>;

/// What the policy of falling back knows of a precision.
#[derive(Clone, Copy)]
pub(super) struct Traits {
    pub(super) cost: f64,
    pub(super) allowance: Option<Allowance>,
    margins: bool,
    suits: fn(&Shape) -> bool,
    takes: fn(&Int16Rows<'_>, &Which<'_>) -> bool,
    makes_margins_expensive: fn(&Job<'_>, usize) -> bool,
}

impl Traits {
    const fn of<P: Precision>() -> Self {
        Traits {
            cost: P::COST,
            allowance: P::ALLOWANCE,
            margins: P::MARGINS,
            suits: P::suits,
            takes: P::takes,
            makes_margins_expensive: P::makes_margins_expensive,
        }
    }
}

/// Products of a pass from which on tiles are asked for: it takes a millisecond without them.
const LONG_PASS: usize = 1 << 25;

/// Dimensions from which on tiles are to take less time than vectors: a tile has as many
/// (docs/decisions.md#tiles).
const FEWEST_DIMENSIONS: usize = 64;

/// Whether passes of a shape are long enough to ask the system for tiles, which multiply bytes and words.
pub(crate) fn wants_tiles(shape: &Shape) -> bool {
    let Shape { n, d, k, .. } = *shape;
    let products = n.saturating_mul(k).saturating_mul(d);
    products >= LONG_PASS && d >= FEWEST_DIMENSIONS && Method::Int8.has_room(shape)
}

impl Method {
    /// Whether workspaces of a shape have room for this precision.
    pub(super) fn has_room(self, shape: &Shape) -> bool {
        let suits = self
            .traits()
            .is_some_and(|precision| (precision.suits)(shape));
        let fewest = if shape.form.is_csr() { 1 } else { 3 };
        shape.k >= fewest && shape.d >= 2 && suits && !too_few_to_prepare(shape)
    }

    /// Whether it is a precision that is used, and finds no margins, so that these cost more than the labels.
    pub(super) fn makes_margins_expensive(self, job: &Job<'_>, k: usize) -> bool {
        let precision = self.traits();
        precision.is_some_and(|precision| (precision.makes_margins_expensive)(job, k))
    }

    /// The next precision, or else D itself.
    pub(super) fn next(self) -> Self {
        let mut precisions = Method::PRECISIONS.iter().copied();
        precisions
            .find(|&next| next > self)
            .unwrap_or(Method::Direct)
    }
}

impl Ready<'_, '_> {
    /// The first from a method on that a pass can use, for what data and CPU are.
    pub(super) fn first_possible(&self, from: Method) -> Method {
        let mut method = from;
        while method.traits().is_some() && !self.has(method) {
            method = method.next();
        }
        method
    }

    /// The first precision from a method on that can test these points, and finds margins if they are wanted.
    pub(super) fn first_for(
        &self,
        from: Method,
        which: &Which<'_>,
        rows: &Int16Rows<'_>,
        margins: bool,
    ) -> Method {
        let mut method = from;
        while let Some(precision) = method.traits() {
            let able = (precision.margins || !margins) && (precision.takes)(rows, which);
            if able && self.has(method) {
                break;
            }
            method = method.next();
        }
        method
    }
}

/// Makes of the list of precisions what there is of each of them.
macro_rules! precisions {
    ($($(#[$doc:meta])* $field:ident: $Precision:ident,)+) => {
        /// How a block is labelled, from the cheapest that may leave much open to the surest.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Method {
            $($(#[$doc])* $Precision,)+
            /// By a search among sorted centers, in one dimension.
            Sorted,
            /// By D itself.
            Direct,
        }

        impl Method {
            /// The precisions, which come first, in this order.
            pub(super) const PRECISIONS: &'static [Method] = &[$(Method::$Precision,)+];

            /// What it is like, if it is a precision.
            pub(super) fn traits(self) -> Option<Traits> {
                match self {
                    $(Method::$Precision => Some(const { Traits::of::<$Precision>() }),)+
                    Method::Sorted | Method::Direct => None,
                }
            }
        }

        /// Room for the centers of a pass in every precision that suits a shape.
        pub(super) struct Centers<'w> {
            $($field: CodedCenters<'w, <$Precision as Precision>::Element>,)+
        }

        impl<'w> Centers<'w> {
            pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
                Centers {
                    $($field: CodedCenters::cut::<$Precision>(from, shape, Method::$Precision.has_room(shape)),)+
                }
            }

            pub(super) fn forget(&mut self) {
                $(self.$field.forget();)+
            }
        }

        /// The centers of a pass, made ready in whatever precisions it comes to use.
        pub(super) struct Ready<'a, 'w> {
            pub(super) pass: PassCenters<'a>,
            $($field: LazyCenters<'a, 'w, $Precision>,)+
        }

        impl<'a, 'w> Ready<'a, 'w> {
            pub(super) fn new(pass: PassCenters<'a>, centers: &'a mut Centers<'w>) -> Self {
                Ready {
                    pass,
                    $($field: Lazy::new(&mut centers.$field),)+
                }
            }

            $(fn $field(&self) -> Option<&<$Precision as Precision>::Ready<'a>> {
                let centers = self.$field.get(|room| {
                    let wanted = !room.norms.is_empty() && $Precision::worthwhile(&self.pass);
                    wanted.then(|| $Precision::prepare(&self.pass, room)).flatten()
                });
                centers.as_ref()
            })+

            /// Whether there are centers in this precision.
            fn has(&self, method: Method) -> bool {
                match method {
                    $(Method::$Precision => self.$field().is_some(),)+
                    Method::Sorted | Method::Direct => false,
                }
            }
        }

        /// What one thread tests blocks with, in every precision that suits a shape.
        pub(super) struct Rooms<'w> {
            $($field: Room<'w, <$Precision as Precision>::Element>,)+
        }

        impl<'w> Rooms<'w> {
            pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape) -> Self {
                Rooms {
                    $($field: Room::cut::<$Precision>(from, shape, Method::$Precision.has_room(shape)),)+
                }
            }

            pub(super) fn forget(&mut self) {
                $(self.$field.forget();)+
            }

            /// Labels points in a precision, or leaves them open; does nothing if there are no centers in it.
            pub(super) fn test(
                &mut self,
                method: Method,
                ready: &Ready<'_, '_>,
                which: &Which<'_>,
                rows: &mut BlockRows<'_, '_>,
                results: Results<'_>,
            ) -> Option<ScreenResult> {
                match method {
                    $(Method::$Precision => {
                        let mut scratch = self.$field.scratch(results);
                        let centers = ready.$field()?;
                        Some($Precision::test(centers, &ready.pass, which, rows, &mut scratch))
                    })+
                    Method::Sorted | Method::Direct => None,
                }
            }
        }
    };
}

precisions! {
    /// Binary64, from what is stored of sparse rows.
    sparse: Sparse,
    /// 8 bits, where the CPU multiplies them four at a time.
    int8: Int8,
    /// 16 bits, where the CPU multiplies them two at a time.
    int16: Int16,
    /// Binary32.
    single: Single,
    /// Binary64.
    double: Double,
}
