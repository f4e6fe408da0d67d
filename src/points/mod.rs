//! Points in the memory of the caller, and how they are loaded into vectors.

#[cfg(feature = "ndarray")]
mod array;
mod coordinate;
mod csr;
mod output;
mod prefetch;
mod transpose;
mod view;

pub use coordinate::Coordinate;
pub(crate) use coordinate::{with_type, CoordinateType, Widen};
pub use csr::Index;
pub(crate) use csr::{Entries, Unpacked};
pub(crate) use output::{check_distance_rows, RowsMut};
pub(crate) use prefetch::{Ahead, LINE};
pub(crate) use transpose::{pack, transpose, Sink, Which};
pub(crate) use view::{
    check_k, check_leading_dimension, check_sizes, check_sizes_of_fit, extent, Form, Rows, GROUP,
};
pub use view::{Layout, Points};
