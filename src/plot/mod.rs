//! What charts are made of: scales, ticks and shapes. Pure geometry in CSS pixels, the same on both
//! sides; the browser's driver paints it.

mod chart;
mod scale;
mod scene;
mod spark;
mod summary;

pub use chart::{Chart, Frame, Unit, nearest};
pub use scale::{Scale, ticks, ticks_of_bytes};
pub use scene::{Align, Ink, Point, Scene, Shape, line};
pub use spark::{SPARK_BOX, Spark};
pub use summary::Summary;
