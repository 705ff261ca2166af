"""Who serves whom (联系关系): links between leaders and talents, quotas, teams, rosters."""
