"""What a training script needs to end with modelhook; standard library only, Python 3.8 and later."""
