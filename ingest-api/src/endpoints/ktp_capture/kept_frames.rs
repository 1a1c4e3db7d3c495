//! Which frames the evidence keeps, and in which form: a tar of what was sent, byte for byte.

use domain::photo::Photo;
use zeroize::Zeroizing;

use crate::captures::FrameKeeping;

/// The places of the frames to keep. Of a step it is the frame nearest to its middle; where the phone gives no times it
/// cannot be told which frame is of which step, and all are kept.
pub(super) fn kept(
    keeping: FrameKeeping,
    frames: usize,
    times_ms: Option<&[u32]>,
    hold_ms: &[u32],
) -> Vec<usize> {
    let (FrameKeeping::Steps, Some(times)) = (keeping, times_ms) else { return (0..frames).collect() };
    let mut kept = vec![0];
    let mut onset = 0;
    for hold in hold_ms {
        let (middle, end) = (onset + hold / 2, onset + hold);
        let of_step = (1..frames.min(times.len())).filter(|at| (onset..end).contains(&times[*at]));
        kept.extend(of_step.min_by_key(|at| times[*at].abs_diff(middle)));
        onset = end;
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Packs them, each under its place in the bundle: `frame-00.jpg`.
///
/// # Errors
/// None in memory.
pub(super) fn packed(frames: &[Photo], kept: &[usize]) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let size: usize = kept.iter().map(|at| frames[*at].as_bytes().len() + 1_024).sum();
    // Taken whole at once, so that no copy of a frame is left behind by a buffer that grew.
    let mut archive = tar::Builder::new(Vec::with_capacity(size + 1_024));
    for at in kept {
        let frame = frames[*at].as_bytes();
        let kind = if frames[*at].content_type() == "image/png" { "png" } else { "jpg" };
        let mut header = tar::Header::new_ustar();
        header.set_size(frame.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        archive.append_data(&mut header, format!("frame-{at:02}.{kind}"), frame)?;
    }
    archive.into_inner().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn one_frame_of_each_step_is_kept_and_the_still() {
        let hold = [400, 400, 400];
        let times = [0, 50, 210, 390, 450, 1_000, 1_199];
        for (keeping, times, then) in [
            (FrameKeeping::Steps, Some(times), vec![0, 2, 4, 5]),
            (FrameKeeping::Steps, None, vec![0, 1, 2, 3, 4, 5, 6]),
            (FrameKeeping::All, Some(times), vec![0, 1, 2, 3, 4, 5, 6]),
            // A colour of which no frame was taken.
            (FrameKeeping::Steps, Some([0, 10, 20, 30, 810, 900, 5_000]), vec![0, 3, 5]),
        ] {
            let kept = kept(keeping, 7, times.as_ref().map(<[u32; 7]>::as_slice), &hold);
            assert_eq!(kept, then, "{keeping:?} {times:?}");
        }
    }

    #[test]
    fn what_is_packed_is_what_was_sent() {
        let [jpeg, png] = [
            &include_bytes!("../../../testdata/sample.jpg")[..],
            &include_bytes!("../../../testdata/tiny.png")[..],
        ];
        let frames = [jpeg, png, jpeg].map(|bytes| Photo::parse(bytes.to_vec()).expect("a picture"));
        let packed = packed(&frames, &[0, 1]).expect("in memory");
        let mut archive = tar::Archive::new(packed.as_slice());
        let entries = archive.entries().expect("a tar").map(|entry| {
            let mut entry = entry.expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("whole");
            (entry.path().expect("a name").display().to_string(), bytes)
        });
        let expected = [("frame-00.jpg", jpeg), ("frame-01.png", png)];
        let expected = expected.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        assert_eq!(entries.collect::<Vec<_>>(), expected);
    }
}
