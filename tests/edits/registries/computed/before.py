WORKFLOWS = find_all()
ACTIVITIES = []
