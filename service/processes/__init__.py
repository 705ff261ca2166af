"""Definitions, instances, tasks, timers, schedules, replay: what runs the diagrams and keeps the record."""
