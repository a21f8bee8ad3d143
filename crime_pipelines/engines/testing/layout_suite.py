"""The suite of other departments' files: every form of a mapping, and data without arrests."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from crime_pipelines import run
from crime_pipelines.domain.reading import Incident
from crime_pipelines.engines.testing.inputs import write
from crime_pipelines.engines.testing.oracle import expect
from crime_pipelines.engines.testing.quality import base, untyped
from crime_pipelines.engines.testing.suite import answers_of, assert_output, incidents_of, loaded
from crime_pipelines.layouts import bundled
from crime_pipelines.output.checks import check_output

_GENERIC: Final = (
    "premises,disposition,incident_id,date_occurred,time_occurred,offence,district,last_modified,victim age"
)
#: Every form, in layout `generic`; behind each row what comes of it: an incident, or a reason.
_FORMS: Final = (
    ("ST,Arrest - adult,1,31/12/2016,1730,Larceny from auto,North,01/02/2017 10:00:00 UTC,30",
     (1, "2016-12-31 17:30:00", "THEFT", "STREET", 1, True, "2017-02-01 10:00:00")),
    ('"Shop, small",open,2,1-2-2016,1,auto  theft,s,3.4.2017 10:00,',
     (2, "2016-02-01 00:01:00", "MOTOR VEHICLE THEFT", "SHOP, SMALL", 2, False, "2017-04-03 10:00:00")),
    ("street,OPEN,3,2016-02-29T00:00:00.000,100,Asslt,2,2017-05-01 10:00:00+00,",
     (3, "2016-02-29 01:00:00", "ASSAULT", "STREET", 2, False, "2017-05-01 10:00:00")),
    ("NA,open,4,29/02/2016 0:00,2359.0,Shoplifting,West,,",
     (4, "2016-02-29 23:59:00", "THEFT", None, None, False, None)),
    # a later version of the first
    ("ST,open,1,31/12/2016,1745,Larceny,N,02/02/2017 10:00:00 UTC,30",
     (1, "2016-12-31 17:45:00", "THEFT", "STREET", 1, False, "2017-02-02 10:00:00")),
    ("ST,,5,31/12/2016,1730,Larceny,N,,", "bad_arrest"),
    ("ST,open,6,31/12/2016,2400,Larceny,N,,", "bad_date"),
    ("ST,open,7,31/12/2016,,Larceny,N,,", "date_without_time"),
    ("ST,open,8,,1730,Larceny,N,,", "missing_date"),
    ("ST,open,9,12/31/2016,1730,Larceny,N,,", "bad_date"),
    ("ST,open,NULL,31/12/2016,1730,Larceny,N,,", "missing_id"),
    ("ST,open,10", "malformed_row"),
)  # fmt: skip
_NEW_YORK: Final = "CMPLNT_NUM,CMPLNT_FR_DT,CMPLNT_FR_TM,ADDR_PCT_CD,OFNS_DESC,PREM_TYP_DESC,VIC_SEX"
_COMPLAINTS: Final = (
    "1,01/31/2014,17:30:00,107,PETIT LARCENY,STREET,F",
    "2,01/31/2014,7:30:00,14,GRAND LARCENY OF MOTOR VEHICLE,STREET,F",
    "3,02/28/2015,23:59:00,123,ROBBERY,OTHER,M",
    "4,02/28/2015,00:01:00,2,HARRASSMENT 2,,M",
)


class LayoutConformance:
    """The suite; a subclass names its engine."""

    engine: ClassVar[str]
    options: ClassVar[dict[str, str]] = {}

    def test_maps_every_form(self, tmp_path: Path) -> None:
        lines = [line for line, _ in _FORMS]
        source, out = write(tmp_path / "in.csv", lines, header=_GENERIC), tmp_path / "out"
        run(
            source, out, engine=self.engine, engine_options=self.options, layout="generic", shift_years=0,
            max_rejected=1,
        )  # fmt: skip
        record = loaded(out)
        assert (record["layout"], record["department"], record["has_arrests"]) == ("generic", "example", True)
        wanted = {outcome[0]: outcome for _, outcome in _FORMS if isinstance(outcome, tuple)}
        assert {
            each.id: (
                each.id, str(each.occurred_at), each.primary_type, each.location_description,
                each.community_area, each.arrest, each.updated_on and str(each.updated_on),
            )
            for each in (Incident(*values) for values in incidents_of(out).values())
        } == wanted  # fmt: skip
        assert_output(out, record, expect([source], 0, bundled("generic")))

    def test_data_without_arrests_have_no_arrest_rates(self, tmp_path: Path) -> None:
        source, out = write(tmp_path / "in.csv", [*_COMPLAINTS], header=_NEW_YORK), tmp_path / "out"
        run(source, out, engine=self.engine, engine_options=self.options)
        record = loaded(out)
        assert (record["layout"], record["department"]) == ("new_york", "new_york")
        assert not record["has_arrests"]
        assert (out / "answers" / "arrest_rates.csv").read_text().count("\n") == 1
        assert_output(out, record, expect([source]))
        assert [finding.check for finding in check_output(out) if finding.problem] == []

    def test_a_type_that_is_a_word_for_missing_is_none(self, tmp_path: Path) -> None:
        found = []
        for make in (base, untyped):
            source, out = make(tmp_path / f"{make.__name__}.csv"), tmp_path / make.__name__
            run(source, out, engine=self.engine, engine_options=self.options)
            found.append(answers_of(out))
        rates = [(kind, incidents, arrests) for kind, incidents, arrests, *_ in found[1].pop("arrest_rates")]
        assert rates == [("", "2", "1"), ("THEFT", "4", "1"), ("BATTERY", "2", "0")]
        del found[0]["arrest_rates"]
        assert found[0] == found[1]  # the FBI code makes both thefts all the same
