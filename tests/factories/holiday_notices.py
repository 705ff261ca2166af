"""A notice on holidays as the government words it."""

# Made up for the tests: the real notice for this year is not published yet.
NOTICE_2027 = """
[[notices]]
year = 2027
number = "国办发明电〔2026〕99号"
issued_on = 2026-11-05
days_off = [
  { from = 2027-01-01, to = 2027-01-03, name = "元旦" },
  { from = 2027-02-05, to = 2027-02-11, name = "春节" },
  { from = 2027-04-03, to = 2027-04-05, name = "清明节" },
  { from = 2027-05-01, to = 2027-05-05, name = "劳动节" },
  { from = 2027-06-09, name = "端午节" },
  { from = 2027-09-15, name = "中秋节" },
  { from = 2027-10-01, to = 2027-10-07, name = "国庆节" },
]
worked_weekends = [2027-01-30, 2027-02-13, 2027-05-08, 2027-09-26, 2027-10-09]
"""
