//! From a file to its variants, in memory: what is kept as it came, what is drawn anew, and in which coding.
//! All of this is work for a blocking thread.

use bytes::Bytes;
use image::DynamicImage;
use image::metadata::Orientation;

use crate::limits::{ORIGINAL_PIXELS, PREVIEW_PIXELS};
use crate::outlines::Outline;
use crate::pixels::{Coding, Cut, Still, blurhash, without_idle_alpha};
use crate::{Error, Kind, Limits, animations};

/// The quality of what people open to look at.
const FINE: u8 = 88;
/// The quality of previews.
const PREVIEW: u8 = 80;

/// A file that is ready to be stored.
pub(crate) struct Drawing {
    pub(crate) bytes: Bytes,
    pub(crate) kind: Kind,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// An attachment that is ready to be stored.
pub(crate) struct AttachmentDrawing {
    pub(crate) original: Drawing,
    /// `None` when the original is small enough to be its own preview.
    pub(crate) preview: Option<Drawing>,
    pub(crate) blurhash: String,
    pub(crate) animated: bool,
}

/// An avatar or header that is ready to be stored.
pub(crate) struct ProfileDrawing {
    pub(crate) original: Drawing,
    /// `None` when the original does not move.
    pub(crate) still: Option<Drawing>,
}

pub(crate) fn attachment(file: &[u8], limits: &Limits) -> Result<AttachmentDrawing, Error> {
    let outline = Outline::trace(file, limits)?;
    let still = Still::decode(file, &outline, limits)?;
    let whole = Cut::Whole { pixels: ORIGINAL_PIXELS };
    let animated = outline.is_animated();
    let as_it_is = still.is_ready(whole) && outline.presentable;

    let image = still.draw(whole)?;
    let small = Cut::Whole { pixels: PREVIEW_PIXELS }.plan(image.width(), image.height());
    let is_small = small.changes_nothing(image.width(), image.height());
    let preview = match is_small {
        true => image.clone(),
        false => small.draw(&image)?,
    };
    let preview = without_idle_alpha(preview);
    let blurhash = blurhash(&preview)?;
    let preview = match is_small && !animated {
        true => None,
        false => Some(draw(&preview, preview_coding(&outline, &preview))?),
    };
    let original = if animated {
        animation(outline, whole, limits)?
    } else if as_it_is {
        keep(outline)
    } else {
        let image = without_idle_alpha(image);
        draw(&image, fine_coding(&outline, &image))?
    };
    Ok(AttachmentDrawing { original, preview, blurhash, animated })
}

/// A picture drawn small and still, and its blurhash.
pub(crate) fn card(file: &[u8], limits: &Limits) -> Result<(Drawing, String), Error> {
    let outline = Outline::trace(file, limits)?;
    let still = Still::decode(file, &outline, limits)?;
    let image = without_idle_alpha(still.draw(Cut::Whole { pixels: PREVIEW_PIXELS })?);
    let blurhash = blurhash(&image)?;
    Ok((draw(&image, preview_coding(&outline, &image))?, blurhash))
}

/// A picture that was decoded elsewhere from a lossy coding, and is to be coded with loss again. Its pixels are turned as
/// its file said.
pub(crate) fn photo(file: &[u8], turn: Orientation, limits: &Limits) -> Result<AttachmentDrawing, Error> {
    let mut outline = Outline::trace(file, limits)?;
    outline.turn = turn;
    let image = without_idle_alpha(Still::decode(file, &outline, limits)?.draw(Cut::Whole { pixels: ORIGINAL_PIXELS })?);
    let original = draw(&image, if image.has_alpha() { Coding::Png } else { Coding::Jpeg(FINE) })?;
    let small = Cut::Whole { pixels: PREVIEW_PIXELS }.plan(image.width(), image.height());
    if small.changes_nothing(image.width(), image.height()) {
        return Ok(AttachmentDrawing { original, preview: None, blurhash: blurhash(&image)?, animated: false });
    }
    let preview = without_idle_alpha(small.draw(&image)?);
    let blurhash = blurhash(&preview)?;
    let preview = draw(&preview, preview_coding(&outline, &preview))?;
    Ok(AttachmentDrawing { original, preview: Some(preview), blurhash, animated: false })
}

/// The still of a film, or the cover of a sound, and its blurhash.
pub(crate) fn poster(file: &[u8], limits: &Limits) -> Result<(Drawing, String), Error> {
    let outline = Outline::trace(file, limits)?;
    let image = Still::decode(file, &outline, limits)?.draw(Cut::Whole { pixels: PREVIEW_PIXELS })?;
    let image = without_idle_alpha(image);
    let blurhash = blurhash(&image)?;
    Ok((draw(&image, Coding::Jpeg(PREVIEW))?, blurhash))
}

pub(crate) fn profile_picture(file: &[u8], cut: Cut, limits: &Limits) -> Result<ProfileDrawing, Error> {
    let outline = Outline::trace(file, limits)?;
    let still = Still::decode(file, &outline, limits)?;
    if !outline.is_animated() && still.is_ready(cut) && outline.presentable {
        return Ok(ProfileDrawing { original: keep(outline), still: None });
    }
    let image = without_idle_alpha(still.draw(cut)?);
    let drawn = draw(&image, fine_coding(&outline, &image))?;
    if !outline.is_animated() {
        return Ok(ProfileDrawing { original: drawn, still: None });
    }
    Ok(ProfileDrawing { original: animation(outline, cut, limits)?, still: Some(drawn) })
}

/// An animation is kept frame by frame as it came when it fits, and redrawn otherwise.
fn animation(outline: Outline, cut: Cut, limits: &Limits) -> Result<Drawing, Error> {
    let plan = cut.plan(outline.width, outline.height);
    match plan.changes_nothing(outline.width, outline.height) {
        true => Ok(keep(outline)),
        false => animations::redraw(&outline, cut, limits),
    }
}

fn keep(outline: Outline) -> Drawing {
    Drawing { bytes: outline.bare.into(), kind: outline.kind, width: outline.width, height: outline.height }
}

fn draw(image: &DynamicImage, coding: Coding) -> Result<Drawing, Error> {
    Ok(Drawing { bytes: coding.encode(image)?.into(), kind: coding.kind(), width: image.width(), height: image.height() })
}

/// A redrawn picture stays in its kind, as far as there is an encoder: no lossy WebP, and no stills in GIF.
fn fine_coding(outline: &Outline, image: &DynamicImage) -> Coding {
    match outline.kind {
        Kind::Jpeg => Coding::Jpeg(FINE),
        Kind::Png | Kind::Gif => Coding::Png,
        Kind::WebP if outline.lossless || image.has_alpha() => Coding::WebP,
        Kind::WebP | Kind::Mp4 | Kind::WebM | Kind::M4a | Kind::Mp3 | Kind::Raw | Kind::Zip => Coding::Jpeg(FINE),
    }
}

fn preview_coding(outline: &Outline, preview: &DynamicImage) -> Coding {
    match (preview.has_alpha(), outline.kind) {
        (false, _) => Coding::Jpeg(PREVIEW),
        (true, Kind::WebP) => Coding::WebP,
        (true, _) => Coding::Png,
    }
}
