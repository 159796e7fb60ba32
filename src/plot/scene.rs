//! The shapes that charts consist of.

/// A position, in CSS pixels from the upper left corner.
pub type Point = (f32, f32);

/// A colour by its meaning; the theme defines its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "every variant is the colour it names")]
pub enum Ink {
    Cpu,
    Memory,
    Rx,
    Tx,
    Grid,
    Label,
    Limit,
    Cross,
}

impl Ink {
    /// Every colour.
    pub const ALL: [Self; 8] = [
        Self::Cpu,
        Self::Memory,
        Self::Rx,
        Self::Tx,
        Self::Grid,
        Self::Label,
        Self::Limit,
        Self::Cross,
    ];

    /// The CSS variable with its value.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Cpu => "--cpu",
            Self::Memory => "--memory",
            Self::Rx => "--rx",
            Self::Tx => "--tx",
            Self::Grid => "--line",
            Self::Label => "--faint",
            Self::Limit => "--bad",
            Self::Cross => "--muted",
        }
    }
}

/// Alignment of a text relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The text begins at the position.
    Start,
    /// The text is centred at the position.
    Middle,
    /// The text ends at the position.
    End,
}

/// A shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points; a dot when there is only one.
    Line {
        /// From left to right.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// Whether it is dashed, to be distinguishable without colour.
        dashed: bool,
    },
    /// The area between a line and a level below it.
    Area {
        /// From left to right.
        points: Vec<Point>,
        /// The y coordinate of the level.
        base: f32,
        /// Its colour, drawn translucent.
        ink: Ink,
    },
    /// A straight hairline.
    Rule {
        /// One end.
        from: Point,
        /// The other end.
        to: Point,
        /// Its colour.
        ink: Ink,
        /// Whether it is dashed.
        dashed: bool,
    },
    /// A small text, vertically centred.
    Text {
        /// Its position.
        at: Point,
        /// The text.
        text: String,
        /// Its colour.
        ink: Ink,
        /// Its alignment relative to the position.
        align: Align,
    },
}

/// Shapes from back to front.
pub type Scene = Vec<Shape>;

/// Adds a line through `points`, interrupted where one is missing, and the area down to `base`, if any.
pub fn line(
    points: impl Iterator<Item = Option<Point>>,
    ink: Ink,
    base: Option<f32>,
    dashed: bool,
    scene: &mut Scene,
) {
    let mut run = Vec::new();
    for point in points.chain([None]) {
        if let Some(point) = point {
            run.push(point);
            continue;
        }
        let points = std::mem::take(&mut run);
        if points.is_empty() {
            continue;
        }
        if let Some(base) = base.filter(|_| points.len() > 1) {
            let points = points.clone();
            scene.push(Shape::Area { points, base, ink });
        }
        scene.push(Shape::Line {
            points,
            ink,
            dashed,
        });
    }
}
