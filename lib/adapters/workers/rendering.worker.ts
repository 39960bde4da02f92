import { prepare, type Piece, type Prepared } from '../../core/lessons/preparing.ts';
import { serve } from './serve.ts';

serve<Piece, Prepared>(prepare);
