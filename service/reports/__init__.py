"""Half-yearly reports (半年总结), briefs to leaders (专报), the assessment sheet (考核指标)."""
