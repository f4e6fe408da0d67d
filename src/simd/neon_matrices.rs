//! NEON with its products of matrices of bytes (i8mm): the same lanes, and sketches by its products of bytes.

use super::products::{NeonDot, NeonF32, NeonF64, NeonMatrices};
use super::{
    kernel::{Absent, InstructionSet},
    neon::Neon,
};

pub(super) struct NeonMatrixProduct;

impl InstructionSet for NeonMatrixProduct {
    type Lanes = Neon;
    type Single = NeonF32;
    type Double = NeonF64;
    type Sketch = NeonDot;
    type Words = Absent;
    type Bytes = NeonMatrices;
}
