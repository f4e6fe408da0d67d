//! NEON with its products of bytes: the same lanes.

use super::products::{NeonDot, NeonF32, NeonF64};
use super::{
    kernel::{Absent, InstructionSet},
    neon::Neon,
};

pub(super) struct NeonDotProduct;

impl InstructionSet for NeonDotProduct {
    type Lanes = Neon;
    type Single = NeonF32;
    type Double = NeonF64;
    type Sketch = NeonDot;
    type Words = Absent;
    type Bytes = NeonDot;
}
