//! Portable vectors, with bytes by what products of matrices do, for tests of all that is around these.

use super::kernel::{Absent, InstructionSet};
use super::portable::Portable;
use super::products::{EmulatedMatrices, PortableBytes, PortableF32, PortableF64};

pub(super) struct EmulatedMatrixProduct;

impl InstructionSet for EmulatedMatrixProduct {
    type Lanes = Portable;
    type Single = PortableF32;
    type Double = PortableF64;
    type Sketch = PortableBytes;
    type Words = Absent;
    type Bytes = EmulatedMatrices;
}
