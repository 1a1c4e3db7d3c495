//! What the form of a NIK told, as a part of its verification's body, and the NIKs that a customer's state holds.

use domain::ids::VerificationId;
use domain::nik::{HeldNik, HeldNiks, NikFault, NikFindings, NikTag, RegionCode};

use crate::RowError;
use crate::bytes::{BodyReader, BodyWriter};

pub(crate) fn write_findings(out: &mut BodyWriter<'_>, findings: &NikFindings) {
    let NikFindings {
        verified,
        fault,
        province,
        regency,
        district,
        birth_date_agrees,
        sex_agrees,
        regions_edition,
    } = findings;
    out.flag(*verified);
    out.option(*fault, |out, fault| out.text(fault.as_str()));
    for region in [province, regency, district] {
        out.text(region.as_str());
    }
    out.option(*birth_date_agrees, BodyWriter::flag);
    out.option(*sex_agrees, BodyWriter::flag);
    out.text(regions_edition);
}

pub(crate) fn read_findings(body: &mut BodyReader<'_>) -> Result<NikFindings, RowError> {
    let region = |body: &mut BodyReader<'_>| body.word("region", RegionCode::parse);
    Ok(NikFindings {
        verified: body.flag()?,
        fault: body.option(|body| body.word("fault of a NIK", NikFault::parse))?,
        province: region(body)?,
        regency: region(body)?,
        district: region(body)?,
        birth_date_agrees: body.option(BodyReader::flag)?,
        sex_agrees: body.option(BodyReader::flag)?,
        regions_edition: body.text()?.to_owned(),
    })
}

pub(crate) fn write_held(out: &mut BodyWriter<'_>, niks: &HeldNiks) {
    // At most `NIKS_HELD_MAX`.
    out.u32(niks.entries().len() as u32);
    for HeldNik { tag, verification } in niks.entries() {
        out.digest(&tag.0);
        out.text(verification.as_str());
    }
}

pub(crate) fn read_held(body: &mut BodyReader<'_>) -> Result<HeldNiks, RowError> {
    let count = body.u32()?;
    let entries = (0..count)
        .map(|_| Ok(HeldNik { tag: NikTag(body.digest()?), verification: body.id(VerificationId::parse)? }));
    Ok(HeldNiks::from_entries(entries.collect::<Result<_, RowError>>()?))
}
