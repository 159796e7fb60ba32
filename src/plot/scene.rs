//! Shapes to paint.

/// A place, in CSS pixels from the upper left corner.
pub type Point = (f32, f32);

/// A colour, by what it stands for; the theme says which that is.
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

    /// The style sheet's name for it.
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

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
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
        /// Whether it is broken into dashes, to be told from another one without colour.
        dashed: bool,
    },
    /// What lies between a line and a level beneath it.
    Area {
        /// From left to right.
        points: Vec<Point>,
        /// The level.
        base: f32,
        /// Its colour, which is thinned.
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
        /// Whether it is broken into dashes.
        dashed: bool,
    },
    /// A small text, vertically centred.
    Text {
        /// Where.
        at: Point,
        /// What it says.
        text: String,
        /// Its colour.
        ink: Ink,
        /// On which side of the place.
        align: Align,
    },
}

/// What is painted, from back to front.
pub type Scene = Vec<Shape>;

/// Adds the line through `points`, broken where one is missing, and the area down to `base`, if any.
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
