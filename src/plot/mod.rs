//! Geometry of charts: scales, ticks and shapes, in CSS pixels. Pure functions that run in the browser and
//! on the server; the browser's driver paints the shapes.

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
