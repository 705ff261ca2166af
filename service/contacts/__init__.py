"""Contact records (联系记录), opinions, activities, and matters that a unit solves by itself."""
