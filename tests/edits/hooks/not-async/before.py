def init(app):
    pass

def deinit(app):
    pass
