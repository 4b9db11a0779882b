//! stub
use crate::input::More;
use crate::judge::Judgement;
use crate::world::World;
use portcullis_framing::Boundary;
use portcullis_policy::{Policy, Refusal};
#[derive(Debug)]
pub(crate) struct Upload;
pub(crate) enum Progress {
    Unclear,
    Judged(Judgement),
}
impl Upload {
    pub(crate) fn new(_: &Boundary, _: &Policy) -> Self {
        Self
    }
    pub(crate) fn held(&self) -> usize {
        0
    }
    pub(crate) fn take(&mut self, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }
    pub(crate) fn end(&mut self) -> Result<(), Refusal> {
        Ok(())
    }
    pub(crate) fn progress(&mut self, _: More, _: &mut World<'_>) -> Progress {
        Progress::Unclear
    }
}
